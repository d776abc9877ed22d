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
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

/// A target of the operator: one folder of `Sources/Controller`.
func controller(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Controller/\(name)", swiftSettings: strict)
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
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        controller("KubernetesModel", []),
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
        .systemLibrary(name: "GNUMalloc", path: "Sources/Controller/GNUMalloc"),
        .executableTarget(
            name: "todo-controller",
            dependencies: [
                "KubernetesClient", "ControllerRuntime", "GNUMalloc", "Reconciler", "Telemetry", "KubernetesModel",
                arguments,
                lifecycle, logging, nioCore,
                nioPosix, unixSignals,
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
        .target(
            name: "LocalCluster", dependencies: ["KubernetesModel", hummingbird, nioCore],
            path: "Sources/Local/LocalCluster", swiftSettings: strict),
        .executableTarget(
            name: "step-benchmark", dependencies: ["KubernetesModel", "PlatformPlan", "TestSupport"],
            path: "Benchmarks/StepBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "cluster-stand-ins", dependencies: ["KubernetesClient", "TestSupport", arguments],
            path: "Sources/Local/cluster-stand-ins", swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: ["KubernetesModel", "KubernetesClient", "LocalCluster", "PlatformPlan", "TodoPlatformAPI"],
            path: "Sources/TestSupport", swiftSettings: strict),
    ]
        + selected([
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
