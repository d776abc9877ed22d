import KubernetesModel

/// Cuts the JSON of a Kubernetes list into its items while it arrives, so that only one item at a time has to be parsed
/// and held as a value, not a page of hundreds.
///
/// Looks at brackets and strings alone; whether an item is valid JSON shows when it is parsed.
struct ListSplitter {
    private static let maximumEnvelopeBytes = 1024 * 1024

    private let maximumItemBytes: Int
    /// The list without its items: what remains is `{"kind":…,"metadata":{…},"items":[]}`.
    private var envelope: [UInt8] = []
    private var item: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isInItems = false
    /// The last string on the top level, in which a key is looked for, with its quotes.
    private var lastString: [UInt8] = []
    private var isKeyItems = false

    init(maximumItemBytes: Int = LineSplitter.standardMaximumBytes) { self.maximumItemBytes = maximumItemBytes }

    /// The items that end in `chunk`.
    ///
    /// - Throws: `.undecodable` when an item or the rest of the list is too large.
    mutating func split(_ chunk: [UInt8]) throws(KubernetesError) -> [[UInt8]] {
        var items: [[UInt8]] = []
        // Where the bytes start that belong together: to the envelope, or to the item that is open.
        var start = 0
        var index = 0
        while index < chunk.count {
            let byte = chunk[index]
            if isInString {
                if depth == 1 { lastString.append(byte) }
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                index += 1
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                if depth == 1 { lastString = [byte] }
            case UInt8(ascii: ":") where depth == 1:
                isKeyItems = lastString.elementsEqual("\"items\"".utf8)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if isInItems, depth == 2 { start = index }
                depth += 1
                if depth == 2, isKeyItems, byte == UInt8(ascii: "[") {
                    isInItems = true
                    envelope += chunk[start...index]
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if isInItems, depth == 2 {
                    item += chunk[start...index]
                    try checkSizes()
                    items.append(item)
                    item = []
                } else if isInItems, depth == 1 {
                    isInItems = false
                    isKeyItems = false
                    start = index
                }
            default: break
            }
            index += 1
        }
        if !isInItems {
            envelope += chunk[start...]
        } else if depth > 2 {
            item += chunk[start...]
        }
        try checkSizes()
        return items
    }

    /// The list without its items, once all of it has arrived.
    ///
    /// - Throws: `.undecodable` when the list was cut off or is no JSON object.
    func finish() throws(KubernetesError) -> JSON {
        do throws(JSONParseError) {
            return try JSON(parsing: envelope)
        } catch {
            throw KubernetesError(.undecodable, "the list is incomplete or malformed: \(error.description)")
        }
    }

    private func checkSizes() throws(KubernetesError) {
        guard item.count <= maximumItemBytes, envelope.count <= Self.maximumEnvelopeBytes else {
            throw KubernetesError(.undecodable, "a list item is larger than \(maximumItemBytes) bytes")
        }
    }
}
