/// Cuts a stream of bytes into lines, whatever the pieces in which it arrives.
///
/// Holds no more than one unfinished line of at most `maximumBytes`; a longer one is skipped up to its end, and told.
struct LineSplitter {
    enum Line: Equatable {
        /// Without its newline; never empty.
        case complete(ArraySlice<UInt8>)
        /// A line that was skipped because it is longer than allowed.
        case tooLong
    }

    /// Far above the 1.5 MiB that etcd stores in one object.
    static let standardMaximumBytes = 8 * 1024 * 1024

    private let maximumBytes: Int
    private var unfinished: [UInt8] = []
    private var isSkipping = false

    init(maximumBytes: Int = standardMaximumBytes) { self.maximumBytes = maximumBytes }

    /// The lines that end in `chunk`. What follows the last newline waits for the next chunk; at the end of the stream
    /// it is a line that was cut off, and worth nothing.
    mutating func split(_ chunk: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var start = chunk.startIndex
        while let end = chunk[start...].firstIndex(of: 0x0A) {
            if isSkipping {
                isSkipping = false
                lines.append(.tooLong)
            } else if unfinished.isEmpty {
                if end - start > maximumBytes { lines.append(.tooLong) } else { append(chunk[start..<end], to: &lines) }
            } else if unfinished.count + (end - start) > maximumBytes {
                unfinished = []
                lines.append(.tooLong)
            } else {
                let line = unfinished + chunk[start..<end]
                unfinished = []
                append(line[...], to: &lines)
            }
            start = end + 1
        }
        guard !isSkipping else { return lines }
        if unfinished.count + (chunk.endIndex - start) > maximumBytes {
            unfinished = []
            isSkipping = true
        } else {
            unfinished += chunk[start...]
        }
        return lines
    }

    private func append(_ line: ArraySlice<UInt8>, to lines: inout [Line]) {
        if !line.isEmpty { lines.append(.complete(line)) }
    }
}
