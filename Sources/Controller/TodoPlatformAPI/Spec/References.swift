/// The name of an object in the platform's namespace.
package struct NameReference: Hashable, Sendable {
    package var name = ""

    package init() {}
    package init(_ name: String) { self.name = name }
}

/// One key of a Secret in the platform's namespace.
package struct SecretKeyReference: Hashable, Sendable {
    package var name = ""
    package var key = "value"

    package init() {}
    package init(name: String = "", key: String) {
        self.name = name
        self.key = key
    }
}

/// One key of a Secret whose name has a default that is made from the platform's name.
package struct DefaultedSecretKeyReference: Hashable, Sendable {
    package var name: String?
    package var key = "value"

    package init() {}
    package init(name: String? = nil, key: String) {
        self.name = name
        self.key = key
    }
}

/// User name and password in one Secret of the platform's namespace.
package struct CredentialsReference: Hashable, Sendable {
    package var name = ""
    package var usernameKey = "username"
    package var passwordKey = "password"

    package init() {}
}

/// Client certificate and private key (PEM) in one Secret of the platform's namespace.
package struct CertificateReference: Hashable, Sendable {
    package var name = ""
    package var certificateKey = "tls.crt"
    package var privateKeyKey = "tls.key"

    package init() {}
}

extension NameReference: Specification {
    package static let fields: [Field<NameReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the object, in the platform's namespace.")
    ]
}

extension SecretKeyReference: Specification {
    package static let fields: [Field<SecretKeyReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the Secret, in the platform's namespace."),
        Field("key", \.key, .text(.secretKey), "Key in the Secret."),
    ]
}

extension DefaultedSecretKeyReference: Specification {
    package static let fields: [Field<DefaultedSecretKeyReference>] = [
        Field(
            "name", optional: \.name, .text(.objectName),
            "Name of the Secret, in the platform's namespace. The platform's name with -database if not set."),
        Field("key", \.key, .text(.secretKey), "Key in the Secret."),
    ]
}

extension CredentialsReference: Specification {
    package static let fields: [Field<CredentialsReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the Secret, in the platform's namespace."),
        Field("usernameKey", \.usernameKey, .text(.secretKey), "Key of the user name."),
        Field("passwordKey", \.passwordKey, .text(.secretKey), "Key of the password."),
    ]
}

extension CertificateReference: Specification {
    package static let fields: [Field<CertificateReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the Secret, in the platform's namespace."),
        Field("certificateKey", \.certificateKey, .text(.secretKey), "Key of the certificate (PEM)."),
        Field("privateKeyKey", \.privateKeyKey, .text(.secretKey), "Key of the private key (PEM)."),
    ]
}
