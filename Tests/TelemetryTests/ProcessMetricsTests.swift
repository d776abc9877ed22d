import Testing

@testable import Telemetry

struct ProcessMetricsTests {
    @Test func `a program's name with spaces and parentheses does not shift the fields`() {
        let stat =
            "42 (a) R b ) c) S 1 42 42 0 -1 4194560 1000 0 5 0 250 150 0 0 20 0 9 0 12300 104857600 2560 "
            + "18446744073709551615 1 1 0 0 0 0 0\n"
        let statistics = ProcessStatistics(stat: stat, ticksPerSecond: 100, bytesPerPage: 4_096)
        #expect(statistics?.processorSeconds == 4)
        #expect(statistics?.startSecondsAfterBoot == 123)
        #expect(statistics?.residentBytes == 10_485_760)
    }

    @Test(arguments: ["", "42 (a", "42 (a) S 1 2", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x y 0 0 0 0 0 0 1 2 3"])
    func `a line that is none gives nothing`(stat: String) {
        #expect(ProcessStatistics(stat: stat, ticksPerSecond: 100, bytesPerPage: 4_096) == nil)
    }

    @Test func `the start of the machine is found among the kernel's counters`() {
        #expect(ProcessMetrics.bootTime(stat: "cpu 1 2 3\nintr 5\nbtime 1700000000\nprocesses 9\n") == 1_700_000_000)
        #expect(ProcessMetrics.bootTime(stat: "cpu 1 2 3\n") == nil)
    }

    #if os(Linux)
        @Test func `this process shows plausible figures, and processor time never falls`() throws {
            let registry = MetricRegistry()
            ProcessMetrics.register(in: registry)
            let first = Page(registry.exposition())
            #expect(try #require(first.value("process_resident_memory_bytes")) > 1_000_000)
            #expect(try #require(first.value("process_open_fds")) >= 3)
            #expect(try #require(first.value("process_start_time_seconds")) > 1_600_000_000)
            let processor = try #require(first.value("process_cpu_seconds_total"))
            #expect(try #require(Page(registry.exposition()).value("process_cpu_seconds_total")) >= processor)
        }
    #endif
}
