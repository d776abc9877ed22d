import Testing

@testable import Notifications

struct NetworkAddressTests {
    @Test(arguments: [
        // This machine, private networks, link-local (where clouds keep their credentials), and what belongs to nobody.
        [127, 0, 0, 1], [127, 255, 255, 255], [10, 1, 2, 3], [172, 16, 0, 1], [172, 31, 255, 255], [192, 168, 1, 1],
        [169, 254, 169, 254], [100, 64, 0, 1], [0, 0, 0, 0], [192, 0, 2, 1], [198, 18, 0, 1], [203, 0, 113, 9],
        [224, 0, 0, 1], [255, 255, 255, 255], [240, 0, 0, 1],
    ])
    func `strangers do not have us call an address that is not public`(bytes: [UInt8]) {
        #expect(!NetworkAddress.version4(bytes).isPublic)
        // Nor in another dress.
        #expect(!NetworkAddress.version6([UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes).isPublic)
        #expect(!NetworkAddress.version6([0, 0x64, 0xff, 0x9b] + [UInt8](repeating: 0, count: 8) + bytes).isPublic)
        #expect(!NetworkAddress.version6([0x20, 0x02] + bytes + [UInt8](repeating: 0, count: 10)).isPublic)
    }

    @Test(arguments: [
        [8, 8, 8, 8], [172, 15, 0, 1], [172, 32, 0, 1], [100, 63, 0, 1], [100, 128, 0, 1], [1, 1, 1, 1],
    ])
    func `public addresses may be called`(bytes: [UInt8]) {
        #expect(NetworkAddress.version4(bytes).isPublic)
        #expect(NetworkAddress.version6([UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes).isPublic)
    }

    @Test(
        arguments: [
            ([0x26, 0x06, 0x47, 0], true), ([0x2a, 0, 0, 1], true), ([0xfe, 0x80, 0, 0], false),
            ([0xfc, 0, 0, 0], false),
            ([0xfd, 0x12, 0, 0], false), ([0xff, 0x02, 0, 0], false), ([0x20, 0x01, 0x0d, 0xb8], false),
            ([0x20, 0x01, 0, 0], false),
            ([0, 0, 0, 0], false), ([0x40, 0, 0, 0], false),
        ] as [([UInt8], Bool)])
    func `of the new addresses only what is given out is public`(start: [UInt8], isPublic: Bool) {
        let bytes = start + [UInt8](repeating: 0, count: 11) + [1]
        #expect(NetworkAddress.version6(bytes).isPublic == isPublic)
    }

    @Test(arguments: ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "::1", "0"])
    func `this machine is known by all of its names`(host: String) async throws {
        let addresses = try await HostResolver.addresses(of: host)
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { !$0.isPublic })
    }
}

struct WebhookURLTests {
    @Test(arguments: [
        ("https://example.com/hook?a=b", "example.com", 443), ("https://EXAMPLE.com:8443", "example.com", 8_443),
        ("https://[2606:4700::1]:444/x", "2606:4700::1", 444),
    ])
    func `an address is read as a client would`(text: String, host: String, port: Int) {
        let url = WebhookURL(text, allowsHTTP: false)
        #expect(url?.host == host)
        #expect(url?.port == port)
    }

    @Test(arguments: [
        "", "http://example.com", "https://", "https://user@example.com", "https://user:pw@example.com/",
        "https://exa mple.com",
        "https://example.com:", "https://example.com:0", "https://example.com:65536", "https://example.com:+80",
        "https://example.com#x",
        "https://example.com\\@evil.example", "https://\u{FF45}xample.com", "https://[::1", "https://[::1]x",
        "ftp://example.com",
        "https:///path", "javascript:alert(1)", "https://exa%6dple.com",
    ])
    func `an address that could be read in two ways is refused`(text: String) {
        #expect(WebhookURL(text, allowsHTTP: false) == nil)
    }

    @Test func `without TLS only where the platform allows it`() {
        #expect(WebhookURL("http://127.0.0.1:8080/x", allowsHTTP: true)?.port == 8_080)
    }
}

struct WebhookSignatureTests {
    @Test func `the signature is the one of the scheme's own example`() {
        // From the specification of Standard Webhooks: its secret, id, time, body and what they give.
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8),
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers.last?.value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `secrets that are made are long, and each another`() {
        let secrets = Set((0..<50).map { _ in WebhookSignature.newSecret() })
        #expect(secrets.count == 50)
        #expect(secrets.allSatisfy { $0.hasPrefix("whsec_") && $0.utf8.count == 50 })
    }

    @Test(arguments: [
        (204, Attempt.delivered), (200, .delivered),
        (302, .failed("the receiver answered 302; redirects are not followed")),
        (410, .refused("the receiver is gone (410)")), (400, .failed("the receiver answered 400")),
        (503, .failed("the receiver answered 503")),
    ])
    func `a receiver's status decides`(status: Int, attempt: Attempt) {
        #expect(WebhookChannel.attempt(status: status) == attempt)
    }
}

struct EmailTests {
    @Test(arguments: [
        ("a@b.c", true), ("first.last+tag@mail.example.com", true), ("a@b", false), ("a@b.c;d@e.f", false),
        ("a@b.c,d@e.f", false),
        ("a b@c.d", false), ("a@b.c\r\nBcc: x@y.z", false), ("<a@b.c>", false), ("@b.c", false), ("a@", false),
        ("a@b..c", false),
        ("a@.b", false), ("", false), ("a@b@c.d", false), ("\"a\"@b.c", false),
    ])
    func `one address and nothing else`(text: String, isAddress: Bool) {
        #expect(UserChannels.isAddress(text) == isAddress)
    }

    @Test func `what a user wrote begins no header and no tag`() {
        let delivery = sampleDelivery(title: "a\r\nBcc: x@y.z <script>alert('1')</script> & \"q\"")
        #expect(EmailChannel.subject(delivery) == "Reminder: a  Bcc: x@y.z <script>alert('1')</script> & \"q\"")
        let body = EmailChannel.body(delivery)
        #expect(!body.contains("<script>"))
        #expect(body.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;q&quot;"))
        #expect(EmailChannel.subject(sampleDelivery(title: String(repeating: "x", count: 500))).count == 130)
    }
}
