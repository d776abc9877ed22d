import ServiceKit
import ServiceTestSupport
import TaskDomain
import TestKit
import Testing
import WireValues

@testable import TaskAPI

@Suite struct TaskListTests {
    /// Lists against a model in memory, whatever is asked for.
    @Test(arguments: eachDatabase) func `pages together are what a filter over all tasks gives`(engine: TestEngine)
        async throws
    {
        var random = SeededGenerator(seed: 42)
        try await ServiceWorld.run(engine) { world in
            var tasks: [TodoTask] = []
            for n in 0..<40 {
                world.clock.now = world.clock.now.advanced(by: .seconds(n % 3))
                var body: JSON = [
                    "title": .string(["Buy Milk 100%", "call_Ann", "Über\\alles", "plain"][n % 4]),
                    "priority": .string(["low", "medium", "high"][n % 3]),
                    "tags": JSON([["work"], ["work", "Home"], []][n % 3]),
                ]
                if n % 5 != 0 { body["due_local"] = .string("2026-03-\(10 + n % 7)T09:00:00") }
                let task = try await world.create(body)
                if n % 4 == 1 { try await world.complete(task.id) }
                tasks.append(try await world.task(task.id))
            }
            try await world.create(["title": "of another"], user: "another")
            for _ in 0..<60 {
                let list = Self.list(&random)
                var found: [Int64] = []
                var position: Cursor.Position?
                repeat {
                    let page = try await world.service.list("user-7", list, after: position)
                    #expect(page.tasks.count <= list.limit)
                    found += try page.tasks.map { try TodoTask(json: JSON(parsing: $0)).id }
                    position = page.next
                } while position != nil
                #expect(found == Self.expected(tasks, list), "\(list)")
            }
        }
    }

    private static func list(_ random: inout SeededGenerator) -> TaskList {
        var list = TaskList()
        list.completed = [nil, true, false].randomElement(using: &random) ?? nil
        if Bool.random(using: &random) { list.priorities = [.high, .low] }
        list.tags = [[], [], ["work"], ["work", "Home"], ["home"], ["or"]].randomElement(using: &random) ?? []
        if Int.random(in: 0..<3, using: &random) == 0 { list.dueFrom = Timestamp("2026-03-12T09:00:00Z") }
        if Int.random(in: 0..<3, using: &random) == 0 { list.dueBefore = Timestamp("2026-03-15T09:00:00Z") }
        list.search = [nil, nil, "milk", "100%", "_", "\\", "ÜBER", "home"].randomElement(using: &random) ?? nil
        list.order = TaskList.Order.allCases.randomElement(using: &random) ?? .due
        list.descending = Bool.random(using: &random)
        list.limit = Int.random(in: 1...15, using: &random)
        return list
    }

    private static func expected(_ tasks: [TodoTask], _ list: TaskList) -> [Int64] {
        let kept = tasks.filter { task in
            if let completed = list.completed, task.completed != completed { return false }
            if !list.priorities.isEmpty, !list.priorities.contains(task.priority) { return false }
            if !list.tags.allSatisfy({ tag in task.tags.contains { $0.lowercased() == tag.lowercased() } }) {
                return false
            }
            if let from = list.dueFrom, task.dueAt.map({ $0 < from }) ?? true { return false }
            if let before = list.dueBefore, task.dueAt.map({ $0 >= before }) ?? true { return false }
            if let search = list.search?.lowercased(),
                !([task.title] + task.tags).contains(where: { $0.lowercased().contains(search) })
            {
                return false
            }
            return true
        }
        func key(_ task: TodoTask) -> Int64 {
            switch list.order {
            // Without a due last, whichever way.
            case .due: task.dueAt?.microseconds ?? (list.descending ? .min : .max)
            case .priority: Int64(task.priority.rank)
            case .created: task.createdAt.microseconds
            }
        }
        let sorted = kept.sorted { (key($0), $0.id) < (key($1), $1.id) }
        return (list.descending ? sorted.reversed() : sorted).map(\.id)
    }

    @Test func `a cursor is good for its own list only`() throws {
        var list = TaskList()
        let cursor = Cursor(.init(value: -5, id: 7), of: list).text
        #expect(Cursor(cursor)?.position == .init(value: -5, id: 7))
        list.limit = 3
        let (_, position) = try ListParameters.read(Query("limit=3&cursor=\(cursor)"))
        #expect(position?.id == 7)
        #expect(throws: Problem.self) { try ListParameters.read(Query("completed=true&cursor=\(cursor)")) }
        for text in ["", "x", "1-2-3-4", "1-00000000-zz-1", "2-00000000-1-1", cursor + "-1"] {
            #expect(throws: Problem.self) { try ListParameters.read(Query("cursor=\(text)")) }
        }
    }

    @Test func `parameters that are wrong are all named`() throws {
        do {
            _ = try ListParameters.read(
                Query("completed=yes&priority=urgent&tag=&due_from=now&search=&sort=size&order=up&limit=0"))
            Issue.record("accepted")
        } catch let problem as Problem {
            #expect(problem.status == 400)
            #expect(
                problem.errors.map(\.field)
                    == ["?completed", "?priority", "?tag", "?due_from", "?search", "?sort", "?order", "?limit"])
        }
        #expect(throws: Problem.self) { try ListParameters.read(Query("colour=blue")) }
        #expect(throws: Problem.self) { try ListParameters.read(Query("limit=1&limit=2")) }
        #expect(throws: Problem.self) { try ListParameters.read(Query("priority=low&priority=low")) }
    }
}
