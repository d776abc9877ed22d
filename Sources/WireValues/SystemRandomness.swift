import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's randomness, fetched in blocks: a request needs a handful of ids, and a call of the system for each number
/// of them costs more than all else about them.
package struct SystemRandomness: RandomNumberGenerator, Sendable {
    /// What `getentropy` gives at once.
    private static let blockBytes = 256

    /// Several, used in turn, so that threads seldom meet at one.
    private static let blocks = (0..<8).map { _ in Block() }
    private static let turn = Atomic(0)

    private final class Block: Sendable {
        let numbers = Mutex<[UInt64]>([])
    }

    package init() {}

    package mutating func next() -> UInt64 {
        let turn = Self.turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return Self.blocks[turn & 7].numbers.withLock { numbers in
            if let number = numbers.popLast() { return number }
            numbers = [UInt64](unsafeUninitializedCapacity: Self.blockBytes / 8) { buffer, count in
                // It fails only for more than 256 bytes, or on systems without it.
                precondition(getentropy(buffer.baseAddress, Self.blockBytes) == 0, "no randomness, error \(errno)")
                count = Self.blockBytes / 8
            }
            return numbers.removeLast()
        }
    }
}
