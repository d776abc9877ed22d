import KubernetesModel

extension LocalCluster {
    func answer(_ request: RawRequest) throws(APIStatus) -> Response {
        let parts = request.path.split(separator: "/").map { Self.decoded(String($0)) }
        switch parts.first {
        case "version"?: return Response(json: versionInfo, status: 200)
        case "readyz"?, "livez"?, "healthz"?:
            return Response(bytes: Array("ok".utf8), status: 200, contentType: "text/plain; charset=utf-8")
        case "api"?, "apis"?:
            if let discovery = try discovery(parts, accept: request.accept) { return discovery }
        default: throw .noSuchPath
        }
        let call = try call(parts, query: request.query)
        return try answer(call, request)
    }

    private func call(_ parts: [String], query: [String: String]) throws(APIStatus) -> ObjectCall {
        let isCore = parts[0] == "api"
        let group = isCore ? "" : parts[1]
        let version = parts[isCore ? 1 : 2]
        var rest = parts.dropFirst(isCore ? 2 : 3)
        var namespace = ""
        // `namespaces` is a kind of its own, and a prefix of all others.
        let first = rest.startIndex
        if rest.first == "namespaces", rest.count >= 3, !["status", "finalize"].contains(rest[first + 2]) {
            namespace = rest[first + 1]
            rest = rest.dropFirst(2)
        }
        let names = Array(rest)
        let now = options.now()
        return try read { state throws(APIStatus) in
            guard (1...3).contains(names.count), let kind = state.routes["\(group)/\(version)/\(names[0])"],
                let definition = state.definitions[kind], let version = definition.version(version),
                definition.isNamespaced || namespace.isEmpty
            else { throw .noSuchPath }
            let subresource = names.count == 3 ? names[2] : nil
            switch subresource {
            case nil: break
            case "status"? where definition.hasStatus: break
            case "scale"? where definition.scale != nil: break
            default: throw .noSuchPath
            }
            return ObjectCall(
                definition: definition, version: version, namespace: namespace, name: names.count > 1 ? names[1] : "",
                subresource: subresource, query: query, now: now)
        }
    }

    private func answer(_ call: ObjectCall, _ request: RawRequest) throws(APIStatus) -> Response {
        switch (request.method, call.name.isEmpty) {
        case (.get, false):
            if call.query["watch"] == "true" { return try watch(call, request) }
            return try read { state throws(APIStatus) in
                guard let object = state.object(call.key) else { throw call.notFound() }
                if call.subresource == "scale" { return Response(json: state.scaleObject(object, call), status: 200) }
                return respond(object, call, request, status: 200)
            }
        case (.get, true):
            if call.query["watch"] == "true" || call.query["watch"] == "1" { return try watch(call, request) }
            return try list(call, request)
        case (.post, true):
            if call.definition.isNamespaced, call.namespace.isEmpty {
                throw .methodNotAllowed("create needs a namespace")
            }
            let body = try body(request)
            let result = try change { state throws(APIStatus) in try state.create(call, body) }
            return respond(result.object, call, request, status: 201)
        case (.put, false):
            let body = try body(request)
            let result = try change { state throws(APIStatus) in try state.replace(call, body) }
            return try respond(result, call, request)
        case (.patch, false):
            let body = try body(request)
            let type = (request.contentType ?? "").split(separator: ";").first.map(String.init) ?? ""
            let result = try change { state throws(APIStatus) in try state.patch(call, contentType: type, body) }
            return try respond(result, call, request)
        case (.delete, false):
            let options = request.body.isEmpty ? JSON.object(JSONObject()) : try body(request)
            let result = try change { state throws(APIStatus) in try state.delete(call, options: options) }
            return deleted(result, call, request)
        case (.delete, true): return try deleteCollection(call, request)
        default: throw .methodNotAllowed("the server does not allow this method on the requested resource")
        }
    }

    private func body(_ request: RawRequest) throws(APIStatus) -> JSON {
        if request.contentType?.contains("protobuf") ?? false {
            throw APIStatus(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json")
        }
        do throws(JSONParseError) {
            return try JSON(parsing: request.body)
        } catch {
            throw .badRequest("the object provided is unrecognized (must be of type JSON): \(error)")
        }
    }

    // MARK: Answers

    private func respond(_ object: StoredObject, _ call: ObjectCall, _ request: RawRequest, status: Int)
        -> Response
    {
        if request.accept.contains("as=PartialObjectMetadata") {
            return Response(json: object.partial, status: status)
        }
        return Response(
            bytes: object.bytes(apiVersion: call.apiVersion, kind: call.definition.kind), status: status)
    }

    private func respond(_ result: WriteResult, _ call: ObjectCall, _ request: RawRequest) throws(APIStatus)
        -> Response
    {
        if call.subresource == "scale" {
            let scale = try read { state throws(APIStatus) in state.scaleObject(result.object, call) }
            return Response(json: scale, status: 200)
        }
        return respond(result.object, call, request, status: result.isNew ? 201 : 200)
    }

    private func deleted(_ result: WriteResult, _ call: ObjectCall, _ request: RawRequest) -> Response {
        guard result.isGone else { return respond(result.object, call, request, status: 200) }
        var details: JSON = ["name": .string(call.name)]
        if !call.definition.group.isEmpty { details["group"] = .string(call.definition.group) }
        details["kind"] = .string(call.definition.plural)
        details["uid"] = .string(result.object.uid)
        return Response(
            json: ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details],
            status: 200)
    }

    private func deleteCollection(_ call: ObjectCall, _ request: RawRequest) throws(APIStatus) -> Response {
        let selector = try Selector(labels: call.query["labelSelector"], fields: call.query["fieldSelector"])
        let options = request.body.isEmpty ? JSON.object(JSONObject()) : try body(request)
        let namespace = call.definition.isNamespaced && !call.namespace.isEmpty ? call.namespace : nil
        let objects = try read { state throws(APIStatus) in
            state.objects(call.definition.groupKind, namespace: namespace).filter { selector.matches($0.json) }
        }
        for object in objects {
            let single = ObjectCall(
                definition: call.definition, version: call.version, namespace: object.namespace, name: object.name,
                subresource: nil, query: call.query, now: call.now)
            _ = try change { state throws(APIStatus) in
                // Another of the collection may have taken this one along.
                guard state.object(single.key) != nil else { return WriteResult(object: object, isGone: true) }
                return try state.delete(single, options: options)
            }
        }
        return Response(
            json: ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success"], status: 200)
    }

    // MARK: Lists

    private func list(_ call: ObjectCall, _ request: RawRequest) throws(APIStatus) -> Response {
        let selector = try Selector(labels: call.query["labelSelector"], fields: call.query["fieldSelector"])
        let namespace = call.definition.isNamespaced && !call.namespace.isEmpty ? call.namespace : nil
        let kind = call.definition.groupKind
        let (all, revision, compacted) = try read { state throws(APIStatus) in
            (
                state.objects(kind, namespace: namespace), state.revision,
                state.stores[kind]?.compactedRevision ?? 0
            )
        }
        if let asked = call.query["resourceVersion"].flatMap({ Int($0) }), asked > revision {
            var status = APIStatus(504, "Timeout", "Too large resource version: \(asked), current: \(revision)")
            status.causes = [.init(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")]
            throw status
        }
        var objects = all
        var listRevision = revision
        if let token = call.query["continue"], !token.isEmpty {
            // Ours: the list's revision, a colon, the key of the last object sent.
            let parts = token.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, let start = Int(parts[0]) else { throw .badRequest("continue key is not valid") }
            if start < compacted {
                throw .expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a "
                        + "new list without the continue parameter.")
            }
            listRevision = start
            objects = objects.filter { "\($0.namespace)/\($0.name)" > parts[1] }
        }
        objects = objects.filter { selector.matches($0.json) }
        var metadata: JSON = ["resourceVersion": .string(String(listRevision))]
        if let limit = call.query["limit"].flatMap({ Int($0) }), limit > 0, objects.count > limit {
            let last = objects[limit - 1]
            metadata["continue"] = .string("\(listRevision):\(last.namespace)/\(last.name)")
            if selector.isEmpty { metadata["remainingItemCount"] = JSON(objects.count - limit) }
            objects = Array(objects[..<limit])
        }
        if request.accept.contains("as=PartialObjectMetadataList") {
            return Response(
                json: [
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    "items": .array(objects.map(\.partial)),
                ], status: 200)
        }
        var bytes = Array(
            ("{\"kind\":\"\(call.definition.kind)List\",\"apiVersion\":\"\(call.apiVersion)\",\"metadata\":"
                + metadata.text + ",\"items\":[").utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            // Built-in kinds leave out what the list's own kind says already.
            bytes +=
                call.definition.isBuiltIn
                ? object.payload : object.bytes(apiVersion: call.apiVersion, kind: call.definition.kind)
        }
        bytes += Array("]}".utf8)
        return Response(bytes: bytes, status: 200)
    }

    private static func decoded(_ text: String) -> String {
        guard text.contains("%") else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
