extension SentenceReader {
    /// The text of a line that is one quotation: it is the title, and nothing is read.
    func wholeLineQuoted() -> String? {
        guard tokens.count == 1, tokens[0].kind == .quoted else { return nil }
        let title = closedUp(bytes[(Int(tokens[0].start) + 1)..<(Int(tokens[0].end) - 1)])
        return title.isEmpty ? nil : title
    }

    /// What is left of the line: parts out, spaces closed up, commas, semicolons, colons and dashes at the ends off.
    ///
    /// When nothing is left, the whole line.
    mutating func title() -> String {
        var kept: [Int] = []
        kept.reserveCapacity(tokens.count)
        var isGap = false
        var hasWords = false
        for index in tokens.indices {
            guard tokens[index].role == .text || tokens[index].role == .held else {
                isGap = true
                continue
            }
            // "milk, [tomorrow], at the shop": one comma is enough.
            if isGap, isSeparator(tokens[index]), kept.last.map({ isSeparator(tokens[$0]) }) ?? true { continue }
            kept.append(index)
            isGap = false
            hasWords = hasWords || tokens[index].kind != .sign && tokens[index].kind != .dash
        }
        let range = trimmed(kept)
        guard !range.isEmpty, hasWords || spans.isEmpty else {
            warn(.titleFromInput)
            return closedUp(bytes[...])
        }
        return joined(kept[range])
    }

    /// `,`, `;`, `:`.
    private func isSeparator(_ token: Token) -> Bool {
        token.isSign(",") || token.isSign(";") || token.isSign(":")
    }

    /// Takes separators and dashes off both ends, but not the face of ":-)".
    private func trimmed(_ kept: [Int]) -> Range<Int> {
        var start = 0
        while start < kept.count, isSeparator(tokens[kept[start]]) || tokens[kept[start]].kind == .dash { start += 1 }
        if start > 0, start < kept.count, kept[start] == kept[start - 1] + 1, !tokens[kept[start]].isSpaced {
            start = 0
        }
        var end = kept.count
        while end > start, isSeparator(tokens[kept[end - 1]]) || tokens[kept[end - 1]].kind == .dash { end -= 1 }
        return start..<end
    }

    private func joined(_ kept: ArraySlice<Int>) -> String {
        var title: [UInt8] = []
        title.reserveCapacity(bytes.count)
        var last: Int?
        for index in kept {
            let token = tokens[index]
            if let last, isSpaceNeeded(between: last, and: index) { title.append(0x20) }
            switch token.kind {
            case .quoted: title += bytes[(Int(token.start) + 1)..<(Int(token.end) - 1)]
            case .escaped: title += bytes[(Int(token.start) + 1)..<Int(token.end)]
            default: title += bytes[Int(token.start)..<Int(token.end)]
            }
            last = index
        }
        return title.withUnsafeBufferPointer { closedUp($0[...]) }
    }

    /// A part that was taken out leaves a space only if it had one around it, and none before a closing sign.
    private func isSpaceNeeded(between last: Int, and index: Int) -> Bool {
        if last + 1 == index { return tokens[index].isSpaced }
        if tokens[last].isSign("(") || tokens[last].isSign("[") { return false }
        if tokens[index].isSpaced { return true }
        return tokens[last + 1].isSpaced && !tokens[index].isClosing
    }

    /// The text without white space at its ends and with one space for each run of it inside.
    private func closedUp(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var isSpaced = false
        for byte in text {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                isSpaced = true
                continue
            }
            if isSpaced, !result.isEmpty { result.append(0x20) }
            isSpaced = false
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
