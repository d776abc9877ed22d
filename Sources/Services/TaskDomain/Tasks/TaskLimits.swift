/// The sizes that a task may have. Characters are Unicode code points, as JSON Schema counts.
///
/// An event holds the texts three times (`task_data`, and `from` and `to` of `changes`), each code point at most six
/// bytes in JSON: (10,000 + 1,000 + 20 × 100) × 3 × 6 = 234,000 bytes, which with the rule (500 ASCII characters, in two
/// forms) and the names stays under the 256 KiB that one message may have.
package enum TaskLimits {
    package static let titleCharacters = 1_000
    package static let descriptionCharacters = 10_000
    package static let tags = 20
    package static let tagCharacters = 100
    package static let reminders = 10
    package static let ruleCharacters = 500
    package static let userIDCharacters = 128
    package static let timeZoneCharacters = 64
    package static let searchCharacters = 200
    /// Due dates outside of these years are refused.
    package static let years = 1970...2199
    /// What a request's body may have: texts in the longest escapes that JSON knows.
    package static let bodyBytes = 256 * 1024
}
