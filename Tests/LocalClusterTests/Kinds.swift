import KubernetesModel
import TestSupport

/// The kinds that the suite uses.
enum Kinds {
    static let namespaces = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    static let configMaps = ResourceType(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    static let secrets = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")
    static let services = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")
    static let deployments = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let jobs = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")
    static let leases = ResourceType(group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
    static let widgets = ResourceType(group: "test.todoplatform.dev", version: "v1", kind: "Widget", plural: "widgets")

    static func autoscalers(_ server: TestServer) -> ResourceType {
        ResourceType(
            group: "autoscaling", version: server.isCurrent ? "v2" : "v2beta2", kind: "HorizontalPodAutoscaler",
            plural: "horizontalpodautoscalers")
    }

    /// A small Deployment; `container` is laid over its only container.
    static func deployment(_ session: Session, _ name: String, container: JSON = [:], spec: JSON = [:])
        -> KubernetesObject
    {
        var main: JSON = ["name": "main", "image": "example.com/app:1"]
        for (key, value) in container.object ?? JSONObject() { main[key] = value }
        var all: JSON = [
            "selector": ["matchLabels": ["app": .string(name)]],
            "template": ["metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [main]]],
        ]
        for (key, value) in spec.object ?? JSONObject() { all[key] = value }
        return session.object(deployments, name, ["spec": all])
    }

    /// A kind with one field of every sort, but no int-or-string: with one of those, server-side apply of Kubernetes 1.20
    /// no longer looks at the schema.
    static let widgetDefinition = KubernetesObject([
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "widgets.test.todoplatform.dev"],
        "spec": [
            "group": "test.todoplatform.dev", "scope": "Namespaced",
            "names": [
                "kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget",
                "shortNames": ["wd"],
            ],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "subresources": [
                        "status": [:],
                        "scale": [
                            "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size",
                            "labelSelectorPath": ".status.selector",
                        ],
                    ],
                    "schema": ["openAPIV3Schema": widgetSchema],
                ]
            ],
        ],
    ])

    private static let widgetSchema: JSON = [
        "type": "object", "required": ["spec"],
        "properties": [
            "spec": [
                "type": "object", "required": ["title"],
                "properties": [
                    "title": ["type": "string", "minLength": 2, "maxLength": 10, "pattern": "^[a-z]+$"],
                    "size": ["type": "integer", "minimum": 1, "maximum": 10, "default": 3],
                    "ratio": ["type": "number"],
                    "mode": ["type": "string", "enum": ["fast", "slow"], "default": "slow"],
                    "isOn": ["type": "boolean"],
                    "hint": ["type": "string", "nullable": true],
                    "tags": [
                        "type": "array", "x-kubernetes-list-type": "set", "maxItems": 3, "items": ["type": "string"],
                    ],
                    "words": ["type": "array", "items": ["type": "string"]],
                    "parts": [
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                        "items": [
                            "type": "object", "required": ["id"],
                            "properties": [
                                "id": ["type": "string"], "count": ["type": "integer", "default": 1],
                                "note": ["type": "string"],
                            ],
                        ],
                    ],
                    "nested": [
                        "type": "object", "default": [:],
                        "properties": ["level": ["type": "integer", "default": 7], "name": ["type": "string"]],
                    ],
                    "options": ["type": "object", "additionalProperties": ["type": "string"]],
                    "whole": [
                        "type": "object", "x-kubernetes-map-type": "atomic",
                        "properties": ["a": ["type": "string"], "b": ["type": "string"]],
                    ],
                    "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                ],
            ],
            "status": [
                "type": "object",
                "properties": [
                    "phase": ["type": "string"], "size": ["type": "integer"], "selector": ["type": "string"],
                    "conditions": [
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                        "items": [
                            "type": "object", "required": ["type", "status"],
                            "properties": ["type": ["type": "string"], "status": ["type": "string"]],
                        ],
                    ],
                ],
            ],
        ],
    ]
}
