extension TimeZoneRules {
    /// Reads a TZif file (RFC 9636), version 1 or later: the 64-bit block and its closing rule where there is one, else
    /// the 32-bit block. Nil when `file` is none, is damaged, or counts leap seconds.
    package convenience init?(name: String, file: [UInt8]) {
        guard var block = Block(file, at: 0, timeBytes: 4) else { return nil }
        var rule: ClosingRule?
        if block.version >= UInt8(ascii: "2") {
            guard let second = Block(file, at: block.end, timeBytes: 8) else { return nil }
            block = second
            let rest = file[block.end...]
            guard rest.first == 0x0A, let lineEnd = rest.dropFirst().firstIndex(of: 0x0A) else { return nil }
            let text = String(decoding: rest[(block.end + 1)..<lineEnd], as: UTF8.self)
            if !text.isEmpty {
                guard let read = ClosingRule(text) else { return nil }
                rule = read
            }
        }
        guard var (transitions, offsets) = block.periods(in: file) else { return nil }
        rule?.append(to: &transitions, &offsets, throughYear: 2299)
        self.init(name: name, transitions: transitions, offsets: offsets)
    }

    /// One of the file's data blocks: where its parts lie.
    private struct Block {
        let version: UInt8
        let timeBytes: Int
        let timeCount, typeCount: Int
        let times, indices, types: Int
        let end: Int

        /// Nil when the header is none, or the parts reach beyond the file.
        init?(_ file: [UInt8], at start: Int, timeBytes: Int) {
            guard file.count >= start + 44, file[start..<(start + 4)].elementsEqual("TZif".utf8) else { return nil }
            func count(_ index: Int) -> Int { Int(Block.integer(file, at: start + 20 + index * 4, bytes: 4)) }
            let (utcCount, standardCount, leapCount) = (count(0), count(1), count(2))
            let (timeCount, typeCount, characterCount) = (count(3), count(4), count(5))
            let counts = [utcCount, standardCount, leapCount, timeCount, typeCount, characterCount]
            guard counts.allSatisfy({ (0...100_000).contains($0) }), leapCount == 0, typeCount > 0 else { return nil }
            version = file[start + 4]
            self.timeBytes = timeBytes
            self.timeCount = timeCount
            self.typeCount = typeCount
            times = start + 44
            indices = times + timeCount * timeBytes
            types = indices + timeCount
            end = types + typeCount * 6 + characterCount + standardCount + utcCount
            guard end <= file.count else { return nil }
        }

        /// The block as transitions and offsets; nil when it contradicts itself.
        func periods(in file: [UInt8]) -> ([Int64], [Int32])? {
            var transitions: [Int64] = []
            // Type 0 holds before the first transition (RFC 9636, 3.2).
            var offsets = [Int32(Block.integer(file, at: types, bytes: 4))]
            for index in 0..<timeCount {
                let time = Block.integer(file, at: times + index * timeBytes, bytes: timeBytes)
                let type = Int(file[indices + index])
                guard type < typeCount, transitions.last.map({ $0 < time }) ?? true else { return nil }
                let offset = Int32(Block.integer(file, at: types + type * 6, bytes: 4))
                // No zone was ever further from Greenwich; the lookup counts on it.
                guard abs(offset) < 93_600 else { return nil }
                // Only a change of the name, or of what counts as summer time: nothing that a clock shows.
                if offset == offsets[offsets.count - 1] { continue }
                transitions.append(time)
                offsets.append(offset)
            }
            return (transitions, offsets)
        }

        /// A signed big-endian integer.
        static func integer(_ file: [UInt8], at start: Int, bytes: Int) -> Int64 {
            var value: UInt64 = 0
            for byte in file[start..<(start + bytes)] { value = value << 8 | UInt64(byte) }
            return bytes == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
        }
    }
}
