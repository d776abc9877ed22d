import DomainVectors
import FoundationEssentials
import WireValues

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// Runs files of vectors through the domain's library:
//
//   domain-vectors recurrence FILE    each vector of recurrence and reminders
//   domain-vectors quick-add FILE     each sentence
//
// A line for each vector that differs, then the tally. Status 1 when one differs, 2 when there is nothing to run.
let arguments = Array(CommandLine.arguments.dropFirst())
let runs: [String: (JSON) throws -> VectorOutcome] = [
    "recurrence": RecurrenceVectors.run, "quick-add": QuickAddVectors.run,
]

switch arguments.first {
case let kind? where arguments.count == 2:
    guard let run = runs[kind] else { stop(usage) }
    guard let data = FileManager.default.contents(atPath: arguments[1]) else {
        stop("\(arguments[1]) cannot be read; give the path of a file of vectors.")
    }
    do {
        let tally = try VectorFile(parsing: [UInt8](data)).tally(run)
        for difference in tally.differences { print(difference) }
        print("\(kind): \(tally.summary)")
        exit(tally.differences.isEmpty ? 0 : 1)
    } catch {
        stop("\(arguments[1]): \(error)")
    }
default: stop(usage)
}

var usage: String { "usage: domain-vectors recurrence FILE | quick-add FILE" }

func stop(_ message: String) -> Never {
    let line = Array((message + "\n").utf8)
    _ = write(2, line, line.count)
    exit(2)
}
