// Whoever handles Kubernetes objects handles JSON and instants: one import brings both.
@_exported public import WireValues
