/// A user's id as what it is told apart by: its bytes, as the databases compare it.
///
/// `String` takes texts for equal that only look the same (`é` in one scalar or in two). As ids they are two users, and
/// may be two people.
package struct UserKey: Hashable, Comparable, Sendable {
    package let id: String

    package init(_ id: String) { self.id = id }

    package static func == (left: UserKey, right: UserKey) -> Bool { left.id.utf8.elementsEqual(right.id.utf8) }

    package static func < (left: UserKey, right: UserKey) -> Bool {
        left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = id
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
