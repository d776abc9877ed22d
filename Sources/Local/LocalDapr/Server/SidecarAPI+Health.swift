import WireValues

/// Health and metadata (section 8 of the Dapr contract).
extension SidecarAPI {
    func health(_ request: APIRequest) -> APIResponse {
        if let wanted = request.query("appid"), wanted != sidecar.appID {
            return APIError(500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match").response
        }
        let pending = sidecar.pending
        guard pending.isEmpty else {
            return APIError(500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [\(pending.joined(separator: " "))]")
                .response
        }
        return .noContent
    }

    func outboundHealth() -> APIResponse {
        guard sidecar.isListening else {
            return APIError(500, "ERR_OUTBOUND_HEALTH_NOT_READY", "dapr outbound is not ready").response
        }
        return .noContent
    }

    func metadata() -> APIResponse {
        var json: JSON = ["id": .string(sidecar.appID), "runtimeVersion": .string(LocalDapr.runtimeVersion)]
        if !sidecar.configuration.features.isEmpty { json["enabledFeatures"] = JSON(sidecar.configuration.features) }
        let components = sidecar.components.values.sorted { $0.name < $1.name }
        if !components.isEmpty {
            json["components"] = .array(
                components.map { component in
                    let capabilities: [String] =
                        component.block == "state" ? ["ETAG", "TRANSACTIONAL", "TTL"] : []
                    return [
                        "name": .string(component.name), "type": .string(component.type),
                        "version": .string(component.version),
                        "capabilities": JSON(capabilities),
                    ]
                })
        }
        var extended = sidecar.extended
        extended["daprRuntimeVersion"] = LocalDapr.runtimeVersion
        json["extended"] = .strings(extended)
        let subscriptions = sidecar.subscriptions
        if !subscriptions.isEmpty {
            json["subscriptions"] = .array(
                subscriptions.map { spec in
                    var rules = spec.rules.map { rule -> JSON in
                        var json: JSON = [:]
                        if !rule.matchText.isEmpty { json["match"] = .string(rule.matchText) }
                        json["path"] = .string(rule.path)
                        return json
                    }
                    if let path = spec.defaultPath { rules.append(["path": .string(path)]) }
                    var item: JSON = [
                        "pubsubname": .string(spec.pubsub), "topic": .string(spec.topic), "rules": .array(rules),
                    ]
                    if !spec.metadata.isEmpty { item["metadata"] = .strings(spec.metadata) }
                    item["deadLetterTopic"] = .string(spec.deadLetterTopic ?? "")
                    item["type"] = .string(spec.origin.rawValue)
                    return item
                })
        }
        if let port = sidecar.app.appPort {
            json["appConnectionProperties"] = [
                "port": JSON(port), "protocol": "http", "channelAddress": .string(sidecar.app.host),
            ]
        }
        json["actorRuntime"] = ["runtimeStatus": "DISABLED", "hostReady": false]
        // Jobs are kept by this very process.
        json["scheduler"] = ["connected_addresses": [.string("127.0.0.1:\(sidecar.port)")]]
        return .json(200, json)
    }
}
