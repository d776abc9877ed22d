/// The name, type and labels of a metric, and how they are written on the page.
package struct MetricDescription: Sendable {
    let name: String
    let help: String
    let type: String
    let labels: [String]

    /// Names that Prometheus would refuse are our own mistake, and stop the process when the metric is made.
    init(name: String, help: String, type: String, labels: [String]) {
        precondition(Self.isName(name, colons: true), "\(name) is no metric name")
        for label in labels {
            precondition(
                Self.isName(label, colons: false) && !label.hasPrefix("__") && !(type == "histogram" && label == "le"),
                "\(label) of \(name) is no label name")
        }
        precondition(Set(labels).count == labels.count, "\(name) has a label twice")
        self.name = name
        self.help = help
        self.type = type
        self.labels = labels
    }

    func writeHead(to page: inout String) {
        page += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
    }

    /// One line of the page. `bound` is the `le` label of a histogram's bucket.
    func writeSample(
        _ value: Double, suffix: String = "", labelValues: [String], bound: String? = nil, to page: inout String
    ) {
        page += name
        page += suffix
        var pairs = zip(labels, labelValues).map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
        if let bound { pairs.append("le=\"\(bound)\"") }
        if !pairs.isEmpty { page += "{" + pairs.joined(separator: ",") + "}" }
        page += " " + Self.number(value) + "\n"
    }

    /// A number as Prometheus reads it; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        // Up to 2^53 every whole number is exact; beyond it the shortest notation says what is known.
        if abs(value) <= 9_007_199_254_740_992, let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { [UInt8(ascii: "\\"), UInt8(ascii: "\n"), UInt8(ascii: "\"")].contains($0) })
        else { return text }
        var result = ""
        // By scalar: as characters, "\r\n" is one, and its newline would slip through.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: colons && byte == UInt8(ascii: ":")
            }
        }
    }
}
