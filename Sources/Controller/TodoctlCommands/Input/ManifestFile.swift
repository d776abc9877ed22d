import FoundationEssentials
import KubernetesModel
import TodoPlatformAPI

/// Reads manifests from files and standard input.
package enum ManifestFile {
    /// All objects of `paths`, in order; `-` is standard input.
    ///
    /// - Throws: for the first file that cannot be read or is no YAML.
    package static func manifests(_ paths: [String]) throws(CommandError) -> [Manifest] {
        var manifests: [Manifest] = []
        for path in paths { manifests += try Manifest.read(text(path), source: path) }
        return manifests
    }

    /// The TodoPlatforms among the objects of `paths`, each with its namespace: its own, or `namespace`.
    ///
    /// - Parameters:
    ///   - namespace: what the user asked for; must not contradict the file.
    ///   - fallback: the namespace when neither file nor user names one.
    /// - Throws: also when there is none at all.
    package static func platforms(_ paths: [String], namespace: String?, fallback: String = "default")
        throws(CommandError) -> [Manifest]
    {
        var platforms: [Manifest] = []
        for manifest in try manifests(paths) where manifest.isPlatform {
            platforms.append(try manifest.in(namespace, fallback: fallback))
        }
        guard !platforms.isEmpty else {
            throw CommandError(
                "\(paths.joined(separator: ", ")): no \(TodoPlatform.type.kind) in there",
                remedy: "give a file with kind \(TodoPlatform.type.kind) of \(TodoPlatform.type.apiVersion)")
        }
        return platforms
    }

    private static func text(_ path: String) throws(CommandError) -> String {
        if path == "-" {
            var text = ""
            while let line = readLine(strippingNewline: false) { text += line }
            return text
        }
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            guard let text = String(validating: data, as: UTF8.self) else {
                throw CommandError("\(path): not in UTF-8", remedy: "save it as UTF-8")
            }
            return text
        } catch let error as CommandError {
            throw error
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw CommandError(
                "\(path): \(isThere ? "cannot be read" : "no such file")",
                remedy: isThere
                    ? "is it a file, and may you read it?" : "give the path of a manifest, or - for standard input")
        }
    }
}

extension Manifest {
    /// Meant for us, if perhaps with a slip in version or kind.
    package var isPlatform: Bool {
        object.kind == TodoPlatform.type.kind || object.apiVersion.hasPrefix(TodoPlatform.type.group + "/")
    }

    fileprivate func `in`(_ namespace: String?, fallback: String) throws(CommandError) -> Manifest {
        if let own = object.namespace, !own.isEmpty {
            guard namespace == nil || namespace == own else {
                throw CommandError(
                    "\(place(of: "metadata.namespace")): the namespace is \(own), but \(namespace ?? "") was asked for",
                    remedy: "leave out --namespace, or change the file")
            }
            return self
        }
        return moved(to: namespace ?? fallback)
    }
}
