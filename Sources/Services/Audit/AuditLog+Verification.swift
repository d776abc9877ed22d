package import TaskStorage

extension AuditLog {
    /// What a look at a whole chain found.
    package struct Verification: Sendable, Equatable {
        package struct Fault: Sendable, Equatable {
            package enum Kind: String, Sendable {
                /// There is no entry at this place, and there should be.
                case missing
                /// The entry, or the link beside it, is not what was recorded.
                case altered
                /// The chain's own record of its end does not fit what is there.
                case end
                /// The link that the caller knows from before is another.
                case rewritten
            }
            package let place: Int64
            package let kind: Kind

            package init(place: Int64, kind: Kind) {
                self.place = place
                self.kind = kind
            }
        }

        /// How many entries were looked at.
        package var entries: Int64 = 0
        /// The place of the last entry that retention took away; 0 when it took none.
        package var purgedPlace: Int64 = 0
        package var lastPlace: Int64 = 0
        package var lastLink = ChainLink.first
        /// The first thing that is wrong; nil when nothing is.
        package var fault: Fault?
    }

    /// A place and its link, as somebody wrote them down earlier. Who can write to the database can make a whole chain
    /// anew; not one that still has the links that others know.
    package struct KnownLink: Sendable, Equatable {
        package let place: Int64
        /// 64 hexadecimal digits.
        package let link: String

        package init(place: Int64, link: String) {
            self.place = place
            self.link = link
        }
    }

    /// Follows the chain of `userID` from where retention left it to its end.
    package static func verify(
        _ userID: String, against known: KnownLink? = nil, in transaction: any Transaction
    ) throws(DatabaseError) -> Verification {
        var result = Verification()
        let chain =
            try transaction.query("SELECT \(Chain.columns) FROM audit_chains WHERE user_id = $1", [.text(userID)])
            .first.map { Chain($0) } ?? Chain()
        result.purgedPlace = chain.purgedPlace
        result.lastPlace = chain.lastPlace
        result.lastLink = chain.lastLink
        var place = chain.purgedPlace
        var link = chain.purgedLink
        func check(_ place: Int64, _ link: ChainLink) {
            guard let known, known.place == place, known.link != link.hexadecimal else { return }
            result.fault = .init(place: place, kind: .rewritten)
        }
        check(place, link)
        // Pages keep the memory small.
        let limit = 200
        while result.fault == nil {
            let rows = try transaction.query(
                "SELECT \(Stored.columns) FROM audit_entries WHERE user_id = $1 AND place > $2 ORDER BY place LIMIT $3",
                [.text(userID), .integer(place), .of(limit)])
            for stored in rows.lazy.map({ Stored($0, userID: userID) }) {
                guard stored.place == place + 1 else {
                    result.fault = .init(place: place + 1, kind: .missing)
                    break
                }
                place += 1
                link = link.following(stored.entry, place: place, recordedAt: stored.recordedAt)
                guard link == stored.link else {
                    result.fault = .init(place: place, kind: .altered)
                    break
                }
                result.entries += 1
                check(place, link)
                if result.fault != nil { break }
            }
            if rows.count < limit { break }
        }
        guard result.fault == nil else { return result }
        if place < chain.lastPlace {
            result.fault = .init(place: place + 1, kind: .missing)
        } else if place > chain.lastPlace || link != chain.lastLink {
            result.fault = .init(place: place, kind: .end)
        } else if let known, known.place > place {
            // Somebody has seen an entry where the chain has none any more.
            result.fault = .init(place: known.place, kind: .rewritten)
        }
        return result
    }
}
