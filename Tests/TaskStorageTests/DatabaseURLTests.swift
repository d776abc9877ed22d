import Testing

@testable import TaskStorage

@Suite struct `Settings from a PostgreSQL URL` {
    private func settings(_ url: String) throws -> PostgresSettings {
        guard case .postgresql(let settings) = try DatabaseURL(url) else {
            throw DatabaseError(.other, "no PostgreSQL")
        }
        return settings
    }

    @Test func `hold what Neon's console gives, with certificates checked`() throws {
        let settings = try settings(
            "postgresql://owner:p%40ss@ep-cool-1.eu-central-1.aws.neon.tech/todo?sslmode=require&channel_binding=require"
        )
        #expect(settings.words["host"] == "ep-cool-1.eu-central-1.aws.neon.tech")
        #expect(settings.words["password"] == "p@ss")
        #expect(settings.words["channel_binding"] == "require")
        #expect(!settings.isPooled)
        if settings.words["sslrootcert"] != nil { #expect(settings.words["sslmode"] == "verify-full") }
    }

    @Test func `know Neon's pooler and the way around it`() throws {
        let settings = try settings(
            "postgresql://owner:x@ep-cool-1-pooler.eu-central-1.aws.neon.tech/todo?sslmode=require")
        #expect(settings.isPooled)
        #expect(settings.direct?.words["host"] == "ep-cool-1.eu-central-1.aws.neon.tech")
        #expect(settings.direct?.isPooled == false)
    }

    @Test func `know of no way around another pooler`() throws {
        let settings = try settings("postgres://owner:x@pool.example/todo?pgbouncer=true&pool_size=9")
        #expect(settings.isPooled)
        #expect(settings.direct == nil)
        #expect(settings.poolSize == 9)
    }

    @Test func `leave encryption within a cluster as the URL has it`() throws {
        #expect(try settings("postgresql://u@db.todo.svc/todo?sslmode=require").words["sslmode"] == "require")
        #expect(try settings("postgresql://u@db.todo.svc/todo?sslmode=disable").words["sslmode"] == "disable")
    }
}
