// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

/// What every service stands on, beside ServiceKit.
let serviceBase: [Target.Dependency] = [
    "WireValues", "DaprClient", "TaskDomain", "TaskStorage", "Telemetry", lifecycle, logging, nioCore,
]

/// A target of the operator: one folder of `Sources/Controller`.
func controller(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Controller/\(name)", swiftSettings: strict)
}

/// A target of the services: one folder of `Sources/Services`.
func service(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Services/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "todo-platform",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .target(name: "WireValues", path: "Sources/WireValues", swiftSettings: strict),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CPostgreSQL", path: "Sources/CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "SQLite", dependencies: ["CSQLite"], path: "Sources/SQLite", swiftSettings: strict),
        .target(name: "CProcessMemory", path: "Sources/CProcessMemory"),
        .target(
            name: "ProcessMemory", dependencies: ["CProcessMemory", nioCore], path: "Sources/ProcessMemory",
            swiftSettings: strict),
        controller("KubernetesModel", ["WireValues"]),
        controller(
            "KubernetesClient",
            ["KubernetesModel", asyncHTTPClient, nioCore, nioHTTP1, nioSSL, subprocess, systemPackage, logging]),
        controller("ControllerRuntime", ["KubernetesModel", "KubernetesClient", "Telemetry", collections, logging]),
        controller("TodoPlatformAPI", ["KubernetesModel"]),
        controller("PlatformPlan", ["KubernetesModel", "TodoPlatformAPI", crypto]),
        controller(
            "Reconciler",
            [
                "KubernetesModel", "KubernetesClient", "ControllerRuntime", "TodoPlatformAPI", "PlatformPlan",
                "Telemetry", logging,
            ]),
        .executableTarget(
            name: "todo-controller",
            dependencies: [
                "KubernetesClient", "ControllerRuntime", "ProcessMemory", "Reconciler", "Telemetry", "KubernetesModel",
                arguments, lifecycle, logging, nioCore, nioPosix, unixSignals,
            ],
            path: "Sources/Controller/todo-controller", swiftSettings: strict),
        .executableTarget(
            name: "todoctl",
            dependencies: [
                "KubernetesModel", "KubernetesClient", "TodoPlatformAPI", "PlatformPlan", "TodoctlCommands", arguments,
            ], path: "Sources/Controller/todoctl", swiftSettings: strict),
        controller(
            "TodoctlCommands",
            ["KubernetesModel", "KubernetesClient", "TodoPlatformAPI", "PlatformPlan", yams]),
        .target(
            name: "Telemetry", dependencies: [hummingbird, lifecycle, logging, nioCore], path: "Sources/Telemetry",
            swiftSettings: strict),
        service("TaskDomain", ["WireValues", crypto]),
        service("DaprClient", ["WireValues", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, logging]),
        service("TaskStorage", ["WireValues", "SQLite", "CPostgreSQL", logging]),
        service(
            "ServiceKit",
            [
                "WireValues", "DaprClient", "TaskDomain", "TaskStorage", "Telemetry", asyncHTTPClient, crypto,
                cryptoExtras, hummingbirdCore, lifecycle, logging, nioCore, nioHTTP1, nioPosix,
            ]),
        service("TaskAPI", ["ServiceKit"] + serviceBase),
        service("Reminders", ["ServiceKit"] + serviceBase),
        service("Recurrence", ["ServiceKit"] + serviceBase),
        service("Notifications", ["ServiceKit", asyncHTTPClient, crypto, nioHTTP1, nioPosix, nioSSL] + serviceBase),
        service("Audit", ["ServiceKit", crypto] + serviceBase),
        service(
            "Sync",
            [
                "ServiceKit", nioPosix, nioHTTP1, collections, crypto,
                .product(name: "NIOWebSocket", package: "swift-nio"),
                hummingbirdCore,
            ] + serviceBase),
        .executableTarget(
            name: "todo-services",
            dependencies: [
                "ServiceKit", "TaskAPI", "Reminders", "Recurrence", "Notifications", "Audit", "Sync", "ProcessMemory",
                arguments, nioPosix, unixSignals,
            ] + serviceBase, path: "Sources/Services/todo-services", swiftSettings: strict),
        .executableTarget(
            name: "domain-vectors", dependencies: ["WireValues", "TaskDomain", "DomainVectors"],
            path: "Sources/Services/domain-vectors", swiftSettings: strict),
        .target(
            name: "LocalDapr",
            dependencies: [
                "WireValues", "SQLite", "TaskDomain", asyncHTTPClient, collections, httpTypes, hummingbird, lifecycle,
                logging, nioCore, nioPosix, nioHTTP1, nioSSL, yams,
                hummingbirdCore,
            ],
            path: "Sources/Local/LocalDapr", swiftSettings: strict),
        .executableTarget(
            name: "local-dapr",
            dependencies: [
                "LocalDapr", "Telemetry", arguments, lifecycle, logging, subprocess, systemPackage, unixSignals,
            ],
            path: "Sources/Local/local-dapr", swiftSettings: strict),
        .target(
            name: "LocalCluster", dependencies: ["KubernetesModel", hummingbird, nioCore],
            path: "Sources/Local/LocalCluster", swiftSettings: strict),
        .executableTarget(
            name: "step-benchmark", dependencies: ["KubernetesModel", "PlatformPlan", "TestSupport"],
            path: "Benchmarks/StepBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "domain-benchmark", dependencies: ["WireValues", "TaskDomain", "DomainFuzzing", arguments],
            path: "Benchmarks/DomainBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "cluster-stand-ins", dependencies: ["KubernetesClient", "TestSupport", arguments],
            path: "Sources/Local/cluster-stand-ins", swiftSettings: strict),
        .target(
            name: "ServiceHarness",
            dependencies: ["ServiceKit", "HTTPTestSupport", asyncHTTPClient, crypto, nioHTTP1, nioPosix] + serviceBase,
            path: "Sources/TestSupport/Harness", swiftSettings: strict),
        .target(
            name: "HTTPTestSupport",
            dependencies: ["WireValues", httpTypes, hummingbird, lifecycle, logging, nioCore, nioPosix],
            path: "Sources/TestSupport/HTTP", swiftSettings: strict),
        .target(
            name: "TestKit", dependencies: ["WireValues"], path: "Sources/TestSupport/TestKit", swiftSettings: strict),
        .target(
            name: "DomainVectors", dependencies: ["WireValues", "TaskDomain"],
            path: "Sources/TestSupport/DomainVectors", swiftSettings: strict),
        .target(
            name: "DomainFuzzing", dependencies: ["WireValues", "TaskDomain", "TestKit"],
            path: "Sources/TestSupport/DomainFuzzing", swiftSettings: strict),
        .target(
            name: "ServiceTestSupport",
            dependencies: ["TestKit", "WireValues", "TaskStorage", logging],
            path: "Sources/TestSupport/Services", swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: [
                "TestKit", "KubernetesModel", "KubernetesClient", "LocalCluster", "PlatformPlan", "TodoPlatformAPI",
            ],
            path: "Sources/TestSupport/Cluster", swiftSettings: strict),
    ]
        + selected([
            tests("WireValuesTests", ["WireValues", "TestKit"]),
            tests("SQLiteTests", ["SQLite", "TestKit"]),
            tests(
                "TaskDomainTests", ["WireValues", "TaskDomain", "DomainVectors", "TestKit"],
                exclude: ["Recurrence/Data"]),
            tests(
                "QuickAddTests", ["WireValues", "TaskDomain", "DomainVectors", "DomainFuzzing", "TestKit"],
                exclude: ["Data"]),
            tests(
                "DaprClientTests",
                ["WireValues", "DaprClient", "HTTPTestSupport", "TestKit", asyncHTTPClient, logging, nioCore, nioPosix]),
            tests(
                "TaskStorageTests",
                ["WireValues", "TaskStorage", "SQLite", "TestKit", "ServiceTestSupport", logging]),
            tests(
                "LocalDaprTests",
                [
                    "LocalDapr", "WireValues", "TestKit", asyncHTTPClient, lifecycle, logging, nioCore, nioPosix,
                    nioHTTP1,
                ]),
            tests(
                "ServiceKitTests",
                [
                    "ServiceKit", "HTTPTestSupport", "ServiceHarness", "ServiceTestSupport", "TestKit", asyncHTTPClient,
                    crypto,
                    cryptoExtras,
                    nioHTTP1, nioPosix, .product(name: "NIOEmbedded", package: "swift-nio"),
                ] + serviceBase, exclude: ["Data"]),
            tests(
                "TaskAPITests",
                ["ServiceKit", "TaskAPI", "TestKit", "ServiceTestSupport", "ServiceHarness", "HTTPTestSupport"]
                    + serviceBase),
            tests(
                "RemindersTests",
                ["ServiceKit", "Reminders", "TestKit", "ServiceTestSupport", "ServiceHarness", "HTTPTestSupport"]
                    + serviceBase),
            tests(
                "RecurrenceTests",
                ["ServiceKit", "Recurrence", "TestKit", "ServiceTestSupport", "ServiceHarness", "HTTPTestSupport"]
                    + serviceBase),
            tests(
                "NotificationsTests",
                [
                    "ServiceKit", "Notifications", "HTTPTestSupport", "ServiceHarness", "TestKit", "ServiceTestSupport",
                ] + serviceBase),
            tests(
                "AuditTests",
                ["ServiceKit", "Audit", "TestKit", "ServiceTestSupport", "ServiceHarness", "HTTPTestSupport"]
                    + serviceBase),
            tests(
                "SyncTests",
                [
                    "ServiceKit", "Sync", "TestKit", "ServiceTestSupport", nioPosix, nioHTTP1, hummingbird,
                    .product(name: "NIOEmbedded", package: "swift-nio"),
                    .product(name: "NIOWebSocket", package: "swift-nio"),
                    hummingbirdCore,
                ] + serviceBase),
            tests("KubernetesModelTests", ["KubernetesModel", "TestSupport"]),
            tests(
                "KubernetesClientTests",
                ["KubernetesModel", "KubernetesClient", nioCore, nioHTTP1, nioHTTP2, nioPosix, nioSSL, logging]),
            tests(
                "ControllerRuntimeTests",
                [
                    "KubernetesModel", "KubernetesClient", "ControllerRuntime", "Telemetry", "TestSupport",
                    "LocalCluster", logging,
                ]),
            tests("TodoPlatformAPITests", ["KubernetesModel", "TodoPlatformAPI", "TestSupport", yams]),
            tests(
                "PlatformPlanTests", ["KubernetesModel", "TodoPlatformAPI", "PlatformPlan", "TestSupport", yams],
                exclude: ["Golden"]),
            tests("TelemetryTests", ["Telemetry", logging, hummingbird, lifecycle]),
            tests(
                "TodoctlTests",
                [
                    "KubernetesModel", "KubernetesClient", "TodoPlatformAPI", "PlatformPlan", "Reconciler", "Telemetry",
                    "TodoctlCommands", "LocalCluster", "TestSupport", logging, yams,
                ]),
            tests("LocalClusterTests", ["KubernetesModel", "KubernetesClient", "LocalCluster", "TestSupport"]),
            tests(
                "ReconcilerTests",
                [
                    "KubernetesModel", "KubernetesClient", "ControllerRuntime", "TodoPlatformAPI", "PlatformPlan",
                    "Reconciler", "LocalCluster", "TestSupport", "Telemetry", logging, yams,
                ]),
        ])
)

// ONLY_TESTS=PlatformPlanTests,ReconcilerTests swift test … builds these test targets and what they stand on, and nothing
// else: seconds instead of minutes while one module changes.
func selected(_ targets: [Target]) -> [Target] {
    guard let only = Context.environment["ONLY_TESTS"] else { return targets }
    return targets.filter { only.split(separator: ",").map(String.init).contains($0.name) }
}

if let only = Context.environment["ONLY_TESTS"] {
    var wanted = Set(only.split(separator: ",").map(String.init))
    var grew = true
    while grew {
        grew = false
        for target in package.targets where wanted.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies where !wanted.contains(name) {
                wanted.insert(name)
                grew = true
            }
        }
    }
    package.targets = package.targets.filter { wanted.contains($0.name) }
}
