import KubernetesModel
import PlatformPlan
import Testing

@testable import TodoctlCommands

@Suite struct PlanTextTests {
    private static let deployment = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    private static let autoscaler = ResourceType(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")
    private static let name = NamespacedName(namespace: "todo", name: "shop")

    private static func change(
        _ type: ResourceType, _ name: String, _ kind: ObjectChange.Kind, _ fields: [FieldChange] = [], replicas: Int = 2
    ) -> ObjectChange {
        ObjectChange(
            key: ObjectKey(type.groupKind, namespace: "todo", name: name), type: type, kind: kind, fields: fields,
            live: KubernetesObject(["spec": ["replicas": JSON(replicas)]]))
    }

    @Test func `a plan reads as a list of objects with their fields, and a sum`() {
        var preview = PlatformPreview()
        preview.notes = ["Secret todo/x is missing."]
        preview.changes = [
            Self.change(Self.deployment, "shop-new", .create),
            Self.change(
                Self.deployment, "shop-api", .change,
                [
                    FieldChange(path: "spec.template.spec.containers[name=api].image", old: "todo:1", new: "todo:2"),
                    FieldChange(path: "spec.minReadySeconds", old: nil, new: 5),
                    FieldChange(path: "spec.paused", old: true, new: nil),
                ]),
            Self.change(Self.deployment, "shop-sync", .correct, [FieldChange(path: "spec.replicas", old: 7, new: 1)]),
            Self.change(Self.deployment, "shop-audit", .change),
            Self.change(Self.autoscaler, "shop-api", .delete(.unwanted)),
        ]
        #expect(
            PlanText(preview, of: Self.name).text == """
                TodoPlatform todo/shop

                + create  Deployment todo/shop-new
                ~ change  Deployment todo/shop-api
                    ~ spec.template.spec.containers[name=api].image: "todo:1" → "todo:2"
                    + spec.minReadySeconds: 5
                    - spec.paused: true
                ~ correct Deployment todo/shop-sync  somebody else changed it
                    ~ spec.replicas: 7 → 1
                ~ change  Deployment todo/shop-audit
                    no field; the operator notes what it wants
                - delete  HorizontalPodAutoscaler todo/shop-api  the spec no longer asks for it

                Note: Secret todo/x is missing.
                Restarts: shop-api (2 pods)
                Plan: 1 to create, 2 to change, 1 to correct, 1 to delete; 1 Deployment to restart.

                """)
    }

    @Test func `nothing to do is said in one line`() {
        #expect(PlanText(PlatformPreview(), of: Self.name).lines.last == "Nothing to change.")
    }

    @Test func `long values are cut around their first difference`() throws {
        let old = String(repeating: "a", count: 2_000) + "OLD" + String(repeating: "b", count: 2_000)
        var preview = PlatformPreview()
        preview.changes = [
            Self.change(
                Self.deployment, "shop-api", .change,
                [
                    FieldChange(
                        path: "data.dashboard", old: .string(old), new: .string(old.replacing("OLD", with: "NEW")))
                ])
        ]
        let lines = PlanText(preview, of: Self.name).lines
        #expect(lines.allSatisfy { $0.count < 400 })
        #expect(lines.contains { $0.hasPrefix("        - …a") && $0.contains("OLDb") })
        #expect(lines.contains { $0.hasPrefix("        + …a") && $0.contains("NEWb") })
    }

    @Test func `passwords in fields are hidden`() {
        var preview = PlatformPreview()
        let container = "spec.template.spec.containers[name=api]"
        preview.changes = [
            Self.change(
                Self.deployment, "shop-api", .correct,
                [
                    FieldChange(path: "\(container).env[name=DB_PASSWORD].value", old: "c4nary", new: nil),
                    FieldChange(
                        path: "\(container).env[name=DATABASE_URL].value", old: "postgres://u:c4nary@h/db", new: "x"),
                    FieldChange(
                        path: "\(container).args",
                        old: .array([.string(String(repeating: "x", count: 280) + " postgres://u:c4nary@h/db")]),
                        new: .array([])),
                ])
        ]
        let text = PlanText(preview, of: Self.name).text
        #expect(!text.contains("c4nary"), "\(text)")
        #expect(text.contains("(hidden)"))
    }

    @Test func `a pod restarts when its template changes and there are pods`() {
        let template = [FieldChange(path: "spec.template.metadata.labels.x", old: nil, new: "y")]
        #expect(Self.change(Self.deployment, "a", .change, template).restartedPods == 2)
        #expect(Self.change(Self.deployment, "a", .change, template, replicas: 0).restartedPods == nil)
        #expect(
            Self.change(Self.deployment, "a", .change, [FieldChange(path: "spec.replicas", old: 1, new: 2)])
                .restartedPods == nil)
        #expect(Self.change(Self.autoscaler, "a", .change, template).restartedPods == nil)
    }

    @Test func `fields that a manager owned and no longer wants are found`() {
        let live = KubernetesObject([
            "metadata": [
                "managedFields": [
                    [
                        "manager": "todo-operator", "operation": "Apply",
                        "fieldsV1": [
                            "f:metadata": ["f:labels": ["f:gone": [:], "f:kept": [:]]],
                            "f:spec": [
                                "f:ports": [
                                    #"k:{"port":80,"protocol":"TCP"}"#: [".": [:], "f:port": [:]],
                                    #"k:{"port":81,"protocol":"TCP"}"#: [".": [:], "f:port": [:]],
                                ],
                                "f:finalizers": [#"v:"a""#: [:]],
                            ],
                        ],
                    ],
                    ["manager": "kubectl", "operation": "Apply", "fieldsV1": ["f:spec": ["f:theirs": [:]]]],
                ], "labels": ["gone": "1", "kept": "2", "other": "3"],
            ],
            "spec": [
                "ports": [["port": 80, "protocol": "TCP"], ["port": 81, "protocol": "TCP"]], "finalizers": ["a", "b"],
                "theirs": 1,
            ],
        ])
        let desired: JSON = [
            "metadata": ["labels": ["kept": "2"]], "spec": ["ports": [["port": 80]], "finalizers": []],
        ]
        let found = OwnedFields.abandoned(by: "todo-operator", live: live, desired: desired)
        #expect(
            found == [
                FieldChange(path: "metadata.labels.gone", old: "1", new: nil),
                FieldChange(path: "spec.ports[port=81,protocol=TCP]", old: ["port": 81, "protocol": "TCP"], new: nil),
                FieldChange(path: "spec.finalizers", old: "a", new: nil),
            ])
    }
}
