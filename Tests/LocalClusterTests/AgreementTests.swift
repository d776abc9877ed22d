import KubernetesModel
import TestSupport
import Testing

/// The local server against the real one: the same requests, the same answers.
@Suite(.timeLimit(.minutes(5)), .enabled(if: RealCluster.isAvailable, "TODO_TEST_ASSETS names no real API server"))
struct AgreementTests {
    /// What differs between releases, whichever of them the real server of the tests is.
    private static let byRelease: Set<String> = [
        "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "clusterIPs", "allocateLoadBalancerNodePorts",
        "completionMode", "suspend", "podReplacementPolicy", "kubernetes.io/metadata.name", "currentReplicas",
    ]
    /// What differs by chance.
    private static let chance: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "clusterIP", "nodePort",
        "controller-uid", "batch.kubernetes.io/controller-uid", "namespace", "lastTransitionTime", "selfLink",
        "subresource",
    ]

    private static func comparable(_ json: JSON) -> JSON {
        switch json {
        case .array(let items) where items.first?["fieldsV1"] != nil:
            // Managers are in the order of their times.
            return .array(
                items.map(comparable).sorted {
                    ($0["manager"]?.string ?? "", $0["operation"]?.string ?? "")
                        < ($1["manager"]?.string ?? "", $1["operation"]?.string ?? "")
                })
        case .array(let items): return .array(items.map(comparable))
        case .object(let members):
            var result = JSONObject()
            for (key, value) in members where !byRelease.contains(key) && !chance.contains(key) && !value.isNull {
                let inner = comparable(value)
                // Whether something empty is written differs from release to release.
                if inner.object?.isEmpty ?? false, !key.hasPrefix("f:"), !key.hasPrefix("k:"), !key.hasPrefix("v:"),
                    key != "."
                {
                    continue
                }
                result[key] = inner
            }
            return .object(result)
        default: return json
        }
    }

    /// Keeps what tells something about a refusal.
    private static func comparable(_ answer: Session.Answer) -> JSON {
        guard answer.status >= 400 else { return comparable(answer.json) }
        return ["reason": .string(answer.reason)]
    }

    private func expectSame(_ local: Session.Answer, _ real: Session.Answer, _ comment: String) {
        #expect(local.status == real.status, "\(comment)\nlocal: \(local.json.text)\nreal: \(real.json.text)")
        let (mine, theirs) = (Self.comparable(local), Self.comparable(real))
        if mine != theirs {
            let differences = Self.differences(mine, theirs, "")
            Issue.record("\(comment)\n\(differences.joined(separator: "\n"))")
        }
    }

    private static func differences(_ local: JSON?, _ real: JSON?, _ path: String) -> [String] {
        if local == real { return [] }
        switch (local, real) {
        case (.object(let mine), .object(let theirs)):
            return Set(mine.keys + theirs.keys).sorted().flatMap { differences(mine[$0], theirs[$0], "\(path).\($0)") }
        case (.array(let mine), .array(let theirs)) where mine.count == theirs.count:
            return zip(mine, theirs).enumerated().flatMap { differences($1.0, $1.1, "\(path)[\($0)]") }
        default: return ["\(path): local \(local?.text ?? "-") real \(real?.text ?? "-")"]
        }
    }

    // MARK: One object of each kind

    private static let template: JSON = [
        "metadata": ["labels": ["app": "x"], "annotations": ["dapr.io/enabled": "true"]],
        "spec": [
            "serviceAccountName": "runner", "automountServiceAccountToken": false,
            "securityContext": ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]],
            "terminationGracePeriodSeconds": 20, "nodeSelector": ["kubernetes.io/arch": "arm64"],
            "tolerations": [["key": "a", "operator": "Exists"]],
            "topologySpreadConstraints": [
                [
                    "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": ["matchLabels": ["app": "x"]],
                ]
            ],
            "imagePullSecrets": [["name": "pull"]],
            "volumes": [
                ["name": "tmp", "emptyDir": [:]], ["name": "conf", "configMap": ["name": "conf"]],
                ["name": "keys", "secret": ["secretName": "keys"]],
                ["name": "all", "projected": ["sources": [["secret": ["name": "keys"]]]]],
            ],
            "containers": [
                [
                    "name": "main", "image": "registry.example.com:5000/app@sha256:abc", "args": ["serve"],
                    "ports": [["name": "http", "containerPort": 8080, "protocol": "TCP"]],
                    "env": [
                        ["name": "PLAIN", "value": "1"],
                        ["name": "POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
                        ["name": "KEY", "valueFrom": ["secretKeyRef": ["name": "keys", "key": "k"]]],
                    ],
                    "envFrom": [["configMapRef": ["name": "conf"]]],
                    "resources": ["requests": ["cpu": "50m", "memory": "64Mi"], "limits": ["memory": "128Mi"]],
                    "livenessProbe": ["httpGet": ["path": "/healthz", "port": "http"], "periodSeconds": 5],
                    "readinessProbe": ["tcpSocket": ["port": 8080]], "startupProbe": ["exec": ["command": ["true"]]],
                    "securityContext": [
                        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                        "capabilities": ["drop": ["ALL"]],
                    ],
                    "volumeMounts": [["name": "tmp", "mountPath": "/tmp"]],
                    "lifecycle": ["preStop": ["exec": ["command": ["sleep", "5"]]]],
                ],
                ["name": "side", "image": "side:latest"],
            ],
        ],
    ]

    private static let samples: [(String, ResourceType, JSON)] = [
        (
            "Deployment", Kinds.deployments,
            ["spec": ["replicas": 2, "selector": ["matchLabels": ["app": "x"]], "template": template]]
        ),
        (
            "Deployment that recreates", Kinds.deployments,
            [
                "spec": [
                    "strategy": ["type": "Recreate"], "selector": ["matchLabels": ["app": "x"]],
                    "template": [
                        "metadata": ["labels": ["app": "x"]],
                        "spec": ["containers": [["name": "m", "image": "m"]]],
                    ],
                ]
            ]
        ),
        (
            "Deployment with maxSurge alone", Kinds.deployments,
            [
                "spec": [
                    "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1]],
                    "selector": ["matchLabels": ["app": "x"]],
                    "template": [
                        "metadata": ["labels": ["app": "x"]],
                        "spec": ["containers": [["name": "m", "image": "m:1"]]],
                    ],
                ]
            ]
        ),
        (
            "Job", Kinds.jobs,
            [
                "spec": [
                    "backoffLimit": 2,
                    "template": [
                        "metadata": ["labels": ["app": "x"]],
                        "spec": ["restartPolicy": "Never", "containers": [["name": "m", "image": "m:1"]]],
                    ],
                ]
            ]
        ),
        (
            "Service", Kinds.services,
            [
                "spec": [
                    "selector": ["app": "x"],
                    "ports": [
                        ["name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"],
                        ["name": "m", "port": 9090, "protocol": "TCP"],
                    ],
                ]
            ]
        ),
        (
            "headless Service", Kinds.services,
            ["spec": ["clusterIP": "None", "selector": ["app": "x"], "ports": [["port": 80, "protocol": "TCP"]]]]
        ),
        (
            "Service with load balancer", Kinds.services,
            ["spec": ["type": "LoadBalancer", "selector": ["app": "x"], "ports": [["port": 80, "protocol": "TCP"]]]]
        ),
        (
            "HorizontalPodAutoscaler", Kinds.autoscalers(.real),
            [
                "spec": [
                    "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "x"], "maxReplicas": 4,
                    "metrics": [
                        [
                            "type": "Resource",
                            "resource": [
                                "name": "memory", "target": ["type": "Utilization", "averageUtilization": 70],
                            ],
                        ]
                    ],
                    "behavior": ["scaleDown": ["stabilizationWindowSeconds": 60]],
                ]
            ]
        ),
        (
            "PodDisruptionBudget",
            ResourceType(
                group: "policy", version: TestServer.real.isCurrent ? "v1" : "v1beta1", kind: "PodDisruptionBudget",
                plural: "poddisruptionbudgets"),
            ["spec": ["maxUnavailable": 1, "selector": ["matchLabels": ["app": "x"]]]]
        ),
        (
            "Ingress", ResourceType(group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses"),
            [
                "spec": [
                    "ingressClassName": "nginx", "tls": [["hosts": ["a.example.com"], "secretName": "tls"]],
                    "rules": [
                        [
                            "host": "a.example.com",
                            "http": [
                                "paths": [
                                    [
                                        "path": "/", "pathType": "Prefix",
                                        "backend": ["service": ["name": "api", "port": ["number": 80]]],
                                    ]
                                ]
                            ],
                        ]
                    ],
                ]
            ]
        ),
        (
            "NetworkPolicy",
            ResourceType(group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies"),
            [
                "spec": [
                    "podSelector": [:],
                    "egress": [
                        [
                            "ports": [["port": 53, "protocol": "UDP"], ["port": 443]],
                            "to": [
                                ["namespaceSelector": ["matchLabels": ["a": "b"]]], ["ipBlock": ["cidr": "10.0.0.0/8"]],
                            ],
                        ]
                    ],
                ]
            ]
        ),
        (
            "Role", ResourceType(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles"),
            ["rules": [["apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]]]]
        ),
        (
            "RoleBinding",
            ResourceType(
                group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings"),
            [
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"],
                "subjects": [
                    ["kind": "ServiceAccount", "name": "runner", "namespace": "somewhere"],
                    ["kind": "User", "name": "u"],
                ],
            ]
        ),
        (
            "ServiceAccount", ResourceType(group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts"),
            ["automountServiceAccountToken": false, "imagePullSecrets": [["name": "pull"]]]
        ),
        ("ConfigMap", Kinds.configMaps, ["data": ["a": "", "b": "line\n\"quoted\" ${x}"]]),
        ("Secret", Kinds.secrets, ["type": "kubernetes.io/tls", "data": ["tls.crt": "eA==", "tls.key": "eA=="]]),
        (
            "Lease", Kinds.leases,
            ["spec": ["holderIdentity": "", "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.000000Z"]]
        ),
        (
            "Widget", Kinds.widgets,
            [
                "spec": [
                    "title": "abc", "parts": [["id": "a"], ["id": "b", "count": 2]], "tags": ["x"],
                    "options": ["k": "v"], "whole": ["a": "1"], "free": ["x": ["y": 1]], "words": [],
                ]
            ]
        ),
    ]

    @Test(arguments: samples.indices)
    func `every kind is stored alike`(index: Int) async throws {
        let (name, type, body) = Self.samples[index]
        let (local, real) = (try await Session(.likeReal), try await Session(.real))
        var answers: [[Session.Answer]] = []
        for session in [local, real] {
            try await session.installWidgets()
            let object = session.object(type, "x", body)
            answers.append([
                try await session.apply(object, type),
                try await session.create(session.object(type, "y", body), type),
            ])
        }
        expectSame(answers[0][0], answers[1][0], "\(name), applied")
        // Whose defaults a creator owns differs between releases; what is stored does not.
        var (mine, theirs) = (answers[0][1].json, answers[1][1].json)
        mine[path: ["metadata", "managedFields"]] = nil
        theirs[path: ["metadata", "managedFields"]] = nil
        let differences = Self.differences(Self.comparable(mine), Self.comparable(theirs), "")
        #expect(differences.isEmpty, "\(name), created")
    }

    // MARK: Random applies

    /// Two managers and a patcher write random parts of one Widget, over and over.
    @Test(arguments: Array(1...12) as [UInt64])
    func `random writes end alike`(seed: UInt64) async throws {
        let (local, real) = (try await Session(.likeReal), try await Session(.real))
        for session in [local, real] { try await session.installWidgets() }
        var dice = Dice(seed: seed)
        for step in 1...40 {
            let body = Self.randomSpec(&dice)
            let choice = dice.roll(10)
            let manager = ["one", "two", "three"][dice.roll(3)]
            let force = dice.roll(2) == 0
            let comment = "seed \(seed) step \(step): \(choice) by \(manager) force \(force): \(body.text)"
            var answers: [Session.Answer] = []
            for session in [local, real] {
                let object = session.object(Kinds.widgets, "w", ["spec": body])
                switch choice {
                case 0:
                    answers.append(
                        try await session.send(
                            .mergePatch(
                                ["spec": body], Kinds.widgets, namespace: session.namespace, name: "w",
                                fieldManager: manager)))
                default:
                    answers.append(try await session.apply(object, Kinds.widgets, by: manager, force: force))
                }
            }
            expectSame(answers[0], answers[1], comment)
            if answers[0].status != answers[1].status { return }
        }
    }

    private static func randomSpec(_ dice: inout Dice) -> JSON {
        var spec: JSON = ["title": .string(["abc", "def"][dice.roll(2)])]
        func word() -> JSON { .string(["x", "y", "z"][dice.roll(3)]) }
        if dice.roll(2) == 0 { spec["size"] = JSON(dice.roll(4) + 1) }
        if dice.roll(3) == 0 { spec["isOn"] = JSON(dice.roll(2) == 0) }
        if dice.roll(3) == 0 { spec["words"] = [word(), word()] }
        if dice.roll(3) == 0 { spec["tags"] = [["a"], ["b"], ["a", "b"], ["b", "c"]][dice.roll(4)] }
        if dice.roll(2) == 0 {
            spec["parts"] = .array(
                ["p", "q", "r"].filter { _ in dice.roll(2) == 0 }.map { id in
                    var part: JSON = ["id": .string(id)]
                    if dice.roll(2) == 0 { part["count"] = JSON(dice.roll(3) + 1) }
                    if dice.roll(2) == 0 { part["note"] = word() }
                    return part
                })
        }
        if dice.roll(3) == 0 { spec["nested"] = ["level": JSON(dice.roll(3)), "name": word()] }
        if dice.roll(2) == 0 { spec["options"] = [["k": "1"], ["l": "2"], ["k": "3", "l": "2"], [:]][dice.roll(4)] }
        if dice.roll(3) == 0 { spec["whole"] = [["a": "1"], ["b": "2"]][dice.roll(2)] }
        if dice.roll(3) == 0 { spec["free"] = [["m": ["n": 1]], ["m": ["o": [1, 2]]], ["p": "q"]][dice.roll(3)] }
        return spec
    }
}

/// Random numbers with a seed (xorshift64*).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func roll(_ sides: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}
