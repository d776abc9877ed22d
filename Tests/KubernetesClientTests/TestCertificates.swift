/// Keys and certificates for tests only, valid from 2024 to 2124 (EC P-256). The servers carry the name `cluster.test`
/// and, unless said otherwise, the address 127.0.0.1. Made with `openssl ca`.
enum TestCertificates {
    /// Signs `serverA` and `client`.
    static let authorityA = """
        -----BEGIN CERTIFICATE-----
        MIIBaTCCARCgAwIBAgICEAAwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYTAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowGzEZ
        MBcGA1UEAwwQdGVzdCBhdXRob3JpdHkgYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABH2u3nG/BehUwdfcQEunE+GKqhMfqa7yCB7b0dFSWKgJ1s10ijvAHhLihZGW
        oQSna4ngl4ZoJUFEC36H3ziU1mKjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P
        AQH/BAQDAgIEMB0GA1UdDgQWBBTw5dwyaIenXU3ot9IaYeBtfBu+vTAKBggqhkjO
        PQQDAgNHADBEAiBzSK2HSGLgi9B2LnzgkMqPL4kFuqqrlvr2lhEixz5WbwIgBULP
        1DFnsC9PCfcMOqdXwV2TzIp8GjelqPgq1TlG0FU=
        -----END CERTIFICATE-----
        """

    /// A server of authority A.
    static let serverA = """
        -----BEGIN CERTIFICATE-----
        MIIBojCCAUigAwIBAgICEAEwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYTAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowEzER
        MA8GA1UEAwwIc2VydmVyIGEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATrsl34
        d9JJPF91PJ/Yqgtr7+McpR9TeUQ5rg6FC8psnZ2dbTgNETXGIRKXHFcc8peYh8Te
        Wcj/3dxP61VVw3vTo4GBMH8wHQYDVR0RBBYwFIIMY2x1c3Rlci50ZXN0hwR/AAAB
        MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0OBBYEFHBA342q
        c6f7YdrMp31JKEg4cn4BMB8GA1UdIwQYMBaAFPDl3DJoh6ddTei30hph4G18G769
        MAoGCCqGSM49BAMCA0gAMEUCICcVHleFcDCuNRbsSkhVEhLCl/tuubq+Y9VxYgw0
        e6HtAiEA1SLIy5pEZ7RdkeBbEeNr0nZ02UQWn9kwakOfs4kweFI=
        -----END CERTIFICATE-----
        """

    /// The key of `serverA`.
    static let serverAKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghYCkexFjtgKygRht
        EvtxCL3NwpazEaI+QozDyf0gK6qhRANCAATrsl34d9JJPF91PJ/Yqgtr7+McpR9T
        eUQ5rg6FC8psnZ2dbTgNETXGIRKXHFcc8peYh8TeWcj/3dxP61VVw3vT
        -----END PRIVATE KEY-----
        """

    /// A server of authority A with the key of `serverA`, that carries only the name, not the address.
    static let namedServer = """
        -----BEGIN CERTIFICATE-----
        MIIBoDCCAUWgAwIBAgICEAUwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYTAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowFzEV
        MBMGA1UEAwwMbmFtZWQgc2VydmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        67Jd+HfSSTxfdTyf2KoLa+/jHKUfU3lEOa4OhQvKbJ2dnW04DRE1xiESlxxXHPKX
        mIfE3lnI/93cT+tVVcN706N7MHkwFwYDVR0RBBAwDoIMY2x1c3Rlci50ZXN0MBMG
        A1UdJQQMMAoGCCsGAQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0OBBYEFHBA342qc6f7
        YdrMp31JKEg4cn4BMB8GA1UdIwQYMBaAFPDl3DJoh6ddTei30hph4G18G769MAoG
        CCqGSM49BAMCA0kAMEYCIQDlVVSdSwo2Z9E7JHJ+gJrnlDd2dWx/YwC5YRdg0CM7
        IAIhAJKGRspoiRE1il3/grW/qssiCSB51T2MPQnR17QNfUOZ
        -----END CERTIFICATE-----
        """

    /// Signs `serverB`.
    static let authorityB = """
        -----BEGIN CERTIFICATE-----
        MIIBaTCCARCgAwIBAgICEAIwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYjAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowGzEZ
        MBcGA1UEAwwQdGVzdCBhdXRob3JpdHkgYjBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABOlcHpLx/9QBh6PaUAjBc0BIklI9rIHDrkTGOklv+VxAxEfAszTG0AT8mvs1
        +xpdnaUIlourqBjNYsp3ZsxQwJqjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P
        AQH/BAQDAgIEMB0GA1UdDgQWBBR9/vG/VgAzb5vz48MUbtenyn5mFzAKBggqhkjO
        PQQDAgNHADBEAiBlAdL0zXMRBxleHhSGXIthL92BD2RQsi1qoF8O073uRQIgSHjI
        MFqoW3IGhjobMk0Bcho6b1n2OL6ZjU9TFLrfQtM=
        -----END CERTIFICATE-----
        """

    /// A server of authority B.
    static let serverB = """
        -----BEGIN CERTIFICATE-----
        MIIBoTCCAUigAwIBAgICEAMwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYjAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowEzER
        MA8GA1UEAwwIc2VydmVyIGIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQjjllL
        8GYFJi1m/kVjqdxY+s9Tz7khKVifnpg5EoRDueBsT86FCgpOIzQ9PiFrowyL587C
        RGDpGEz1ZFzkwMUIo4GBMH8wHQYDVR0RBBYwFIIMY2x1c3Rlci50ZXN0hwR/AAAB
        MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0OBBYEFP9dQ9xZ
        0HYS94rj8qfMcy0qqGXTMB8GA1UdIwQYMBaAFH3+8b9WADNvm/PjwxRu16fKfmYX
        MAoGCCqGSM49BAMCA0cAMEQCIB/nSqFeog2Mhtd+FI9jxY9M6P9h0OT+kPpYoCzF
        eBU3AiBfJnZKgHyzfEXs5Ft0NXyyFAah/dB7KuOd+i3QYzA/aA==
        -----END CERTIFICATE-----
        """

    /// The key of `serverB`.
    static let serverBKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdr2KiISvmbgJhcZg
        UTPIn37m3WqlK6yG9Gh2yd8LGsShRANCAAQjjllL8GYFJi1m/kVjqdxY+s9Tz7kh
        KVifnpg5EoRDueBsT86FCgpOIzQ9PiFrowyL587CRGDpGEz1ZFzkwMUI
        -----END PRIVATE KEY-----
        """

    /// A client of authority A.
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBgTCCASigAwIBAgICEAQwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQdGVzdCBh
        dXRob3JpdHkgYTAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowEzER
        MA8GA1UEAwwIc29tZWJvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARUI7zM
        JUjT6akHShcJNumTOpMeA6dk5Y6sAWXwvU6RS3UMOySLVLHrlZ/oN+z6lGszPkGs
        5BKwT/ECDnm5IyqBo2IwYDATBgNVHSUEDDAKBggrBgEFBQcDAjAJBgNVHRMEAjAA
        MB0GA1UdDgQWBBQj7NvFyELbSJbhMcziSzu841msejAfBgNVHSMEGDAWgBTw5dwy
        aIenXU3ot9IaYeBtfBu+vTAKBggqhkjOPQQDAgNHADBEAiAWYM2trM69lnYk1V2R
        msrCpbWEURnvesTMcY6MLLlnmAIgGdONaNeohWSSIQ/h96w//o65MKzG6v88zYiD
        OBPBsaM=
        -----END CERTIFICATE-----
        """

    /// The key of `client`.
    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3C8vo+JQe6z/4l0z
        vK74vyEKRxrLNTQkh6ZSPxkqwfKhRANCAARUI7zMJUjT6akHShcJNumTOpMeA6dk
        5Y6sAWXwvU6RS3UMOySLVLHrlZ/oN+z6lGszPkGs5BKwT/ECDnm5IyqB
        -----END PRIVATE KEY-----
        """
}
