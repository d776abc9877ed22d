/// The field managers under which we write; one for each concern, so that giving up one never touches the others.
package enum FieldManager {
    package static let objects = "todo-operator"
    package static let replicas = "todo-operator-replicas"
    package static let status = "todo-operator-status"
}
