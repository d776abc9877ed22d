package import WireValues

/// A file of vectors: inputs with what must come out of them. See `RecurrenceVectors` and `QuickAddVectors` for the
/// two kinds.
package struct VectorFile: Sendable {
    package let vectors: [JSON]

    /// - Throws: `VectorFileProblem` when the bytes are no JSON object with a list of vectors.
    package init(parsing bytes: [UInt8]) throws(VectorFileProblem) {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw VectorFileProblem(description: "no JSON: \(error)")
        }
        guard let vectors = json["vectors"]?.array, !vectors.isEmpty else {
            throw VectorFileProblem(description: "no vectors in it: an object with a list 'vectors' is expected")
        }
        self.vectors = vectors
    }

    /// Runs every vector. - Parameter run: One vector in, its outcome out.
    package func tally(_ run: (JSON) throws -> VectorOutcome) -> VectorTally {
        var tally = VectorTally()
        for (place, vector) in vectors.enumerated() {
            let id = vector["id"]?.string ?? "number \(place + 1)"
            do {
                switch try run(vector) {
                case .result(let got):
                    let expected = vector["expected"] ?? .null
                    if got.answers(expected) {
                        tally.same += 1
                    } else {
                        tally.differences.append("\(id): expected \(expected.text), got \(got.text)")
                    }
                case .leftToServices: tally.leftToServices.append(id)
                }
            } catch {
                tally.differences.append(
                    "\(id): expected \((vector["expected"] ?? .null).text), got an error: \(error)")
            }
        }
        return tally
    }
}

/// Why a file or a vector cannot be run.
package struct VectorFileProblem: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// What one vector came to.
package enum VectorOutcome {
    case result(JSON)
    /// It speaks of running services; their tests show it.
    case leftToServices
}

/// What a file of vectors came to.
package struct VectorTally: Sendable {
    package fileprivate(set) var same = 0
    /// A line for each vector that differs.
    package fileprivate(set) var differences: [String] = []
    /// Ids of those that only running services can answer.
    package fileprivate(set) var leftToServices: [String] = []

    /// One line: how many are the same, how many differ, how many were not run.
    package var summary: String {
        let left = leftToServices.isEmpty ? "" : ", \(leftToServices.count) scenarios are for the services' tests"
        return "\(same) as expected, \(differences.count) differ\(left)"
    }
}

extension JSON {
    /// Whether this result says what `expected` says. It may say more: an expectation that leaves out a member does not
    /// ask for it. Null and absent are the same.
    func answers(_ expected: JSON) -> Bool {
        switch (expected, self) {
        case (.object(let wanted), .object(let members)):
            return wanted.allSatisfy { (members[$0.key] ?? .null).answers($0.value) }
        case (.array(let wanted), .array(let items)):
            return wanted.count == items.count && zip(items, wanted).allSatisfy { $0.answers($1) }
        default: return self == expected
        }
    }
}
