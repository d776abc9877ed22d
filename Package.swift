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
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

/// A target of the operator: one folder of `Sources/Controller`.
func controller(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Controller/\(name)", resources: resources,
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: strict)
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
            ["KubernetesModel", asyncHTTPClient, nioCore, nioHTTP1, nioSSL, yams, subprocess, logging]),
        controller("ControllerRuntime", ["KubernetesModel", "KubernetesClient", "Telemetry", collections, logging]),
        controller("TodoPlatformAPI", ["KubernetesModel"]),
        controller("PlatformPlan", ["KubernetesModel", "TodoPlatformAPI", crypto]),
        controller(
            "Reconciler", ["KubernetesModel", "KubernetesClient", "ControllerRuntime", "TodoPlatformAPI", "PlatformPlan", "Telemetry", logging]),
        .executableTarget(
            name: "todo-controller",
            dependencies: ["KubernetesClient", "ControllerRuntime", "Reconciler", "Telemetry", arguments, lifecycle, logging],
            path: "Sources/Controller/todo-controller", swiftSettings: strict),
        .executableTarget(
            name: "todoctl",
            dependencies: [
                "KubernetesModel", "KubernetesClient", "TodoPlatformAPI", "PlatformPlan", "Reconciler", arguments, yams,
            ], path: "Sources/Controller/todoctl", swiftSettings: strict),
        .target(
            name: "Telemetry", dependencies: [hummingbird, lifecycle, logging, nioCore], path: "Sources/Telemetry",
            swiftSettings: strict),
        .target(
            name: "LocalCluster", dependencies: ["KubernetesModel", hummingbird, nioCore],
            path: "Sources/Local/LocalCluster", swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["KubernetesModel", "KubernetesClient", "LocalCluster"],
            path: "Sources/TestSupport", swiftSettings: strict),
    ] + selected([
        tests("KubernetesModelTests", ["KubernetesModel"]),
        tests("KubernetesClientTests", ["KubernetesModel", "KubernetesClient", "TestSupport", nioCore, nioHTTP1, nioSSL, logging]),
        tests("ControllerRuntimeTests", ["KubernetesModel", "KubernetesClient", "ControllerRuntime", "Telemetry", "TestSupport", "LocalCluster", logging]),
        tests("TodoPlatformAPITests", ["KubernetesModel", "TodoPlatformAPI", yams]),
        tests("PlatformPlanTests", ["KubernetesModel", "TodoPlatformAPI", "PlatformPlan", yams]),
        tests("TelemetryTests", ["Telemetry", logging, hummingbird]),
        tests("LocalClusterTests", ["KubernetesModel", "KubernetesClient", "LocalCluster", "TestSupport"]),
        tests("ReconcilerTests", ["KubernetesModel", "KubernetesClient", "ControllerRuntime", "TodoPlatformAPI", "PlatformPlan", "Reconciler", "LocalCluster", "TestSupport", "Telemetry", logging, yams]),
    ])
)

func selected(_ targets: [Target]) -> [Target] {
    guard let only = Context.environment["ONLY_TESTS"] else { return targets }
    return targets.filter { only.split(separator: ",").map(String.init).contains($0.name) }
}
