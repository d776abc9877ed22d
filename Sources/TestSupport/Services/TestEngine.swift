import Logging
package import TaskStorage
import TestKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// For tests that run on both: `@Test(arguments: eachDatabase) func …(engine: TestEngine)`.
package let eachDatabase = TestEngine.allCases

/// A kind of database that a service can have.
package enum TestEngine: String, CaseIterable, Sendable {
    case sqlite, postgresql

    /// A fresh, empty database; gone when `body` ends.
    package func withPlace<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (TestPlace) async throws -> R
    ) async throws -> R {
        let place = try await TestPlace.make(self)
        do {
            let result = try await body(place)
            try await place.remove()
            return result
        } catch {
            try await place.remove()
            throw error
        }
    }

    /// A fresh database with `migrations` in it, open; closed and gone when `body` ends.
    package func withDatabase<R>(
        migrations: [Migrations] = [], options: DatabaseOptions = DatabaseOptions(),
        isolation: isolated (any Actor)? = #isolation, _ body: (any Database) async throws -> R
    ) async throws -> R {
        try await withPlace { place in
            let database = try await place.open(options)
            do {
                _ = try await Migrations.run(migrations, on: database)
                let result = try await body(database)
                await database.close()
                return result
            } catch {
                await database.close()
                throw error
            }
        }
    }
}

/// Where a database is: several can open it, as replicas do.
package struct TestPlace: Sendable {
    package let url: String
    private let engine: TestEngine
    /// The database's name, or its folder.
    private let name: String

    static func make(_ engine: TestEngine) async throws -> TestPlace {
        let name = "t_" + String(UInt64.random(in: .min ... .max), radix: 36)
        switch engine {
        case .postgresql:
            let server = try await PostgresServer.shared()
            try await onServer("CREATE DATABASE \(name) TEMPLATE template0")
            return TestPlace(url: server.url(name), engine: engine, name: name)
        case .sqlite:
            let folder = "/tmp/todo-sqlite.\(name)"
            guard mkdir(folder, 0o700) == 0 else {
                throw PostgresServer.Failure(description: "no temporary folder, error \(errno)")
            }
            return TestPlace(url: "sqlite://\(folder)/todo.db", engine: engine, name: folder)
        }
    }

    package func open(_ options: DatabaseOptions = DatabaseOptions()) async throws -> any Database {
        try await openDatabase(
            url: url, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func remove() async throws {
        switch engine {
        case .postgresql: try await Self.onServer("DROP DATABASE \(name) WITH (FORCE)")
        case .sqlite: _ = try await ChildProcess.run("rm", ["-rf", name])
        }
    }

    private static func onServer(_ sql: String) async throws {
        let database = try await openDatabase(
            url: PostgresServer.shared().url("postgres"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            _ = try await database.statement(sql, [])
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }
}
