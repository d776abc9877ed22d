/// The PostgreSQL database: where its URL is found, and how its schema is migrated.
package struct DatabaseSpec: Hashable, Sendable {
    package var secretRef = DefaultedSecretKeyReference(key: "url")
    package var migrations = MigrationsSpec()

    package init() {}
}

/// The Job that migrates the database once per version, before a rollout.
package struct MigrationsSpec: Hashable, Sendable {
    package var enabled = true
    package var backoffLimit = 3
    package var timeoutSeconds = 600

    package init() {}
}

extension DatabaseSpec: Specification {
    package static let fields: [Field<DatabaseSpec>] = [
        Field(
            "secretRef", \.secretRef, .structure,
            "The Secret with the URL of the database: postgresql://user:password@host/name?sslmode=require."),
        Field("migrations", \.migrations, .structure, "The Job that migrates the database, once for each version."),
    ]
}

extension MigrationsSpec: Specification {
    package static let fields: [Field<MigrationsSpec>] = [
        Field(
            "enabled", \.enabled, .boolean,
            "Whether the operator migrates. If not, somebody else has to before a rollout."),
        Field("backoffLimit", \.backoffLimit, .integer(0...20), "How often a failed migration is tried again."),
        Field(
            "timeoutSeconds", \.timeoutSeconds, .integer(10...86_400, unit: "seconds"), "How long a migration may take."
        ),
    ]
}
