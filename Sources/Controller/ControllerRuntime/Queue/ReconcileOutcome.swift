/// How one reconcile ended, and with it when the key runs again.
package enum ReconcileOutcome: Sendable {
    /// As it should be; the next change brings the key back.
    case done
    /// Look again after this time if nothing happens before: for deadlines, not for waiting on what is watched.
    case again(after: Duration)
    /// Tried again after a pause that grows with the failures of this kind. With `terminal`, not before the key is asked
    /// for again: for what cannot work until somebody changes the resource. `within` bounds the pause: something else has
    /// a deadline.
    case failed(any Error, terminal: Bool = false, within: Duration? = nil)
}
