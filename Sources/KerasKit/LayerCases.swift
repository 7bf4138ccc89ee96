import KerasCore
import KerasFile
import ZipArchive

/// Recorded models that hold every layer of a release, as `Tools/fixtures/every_layer.py` writes them: one `.zip` a release.
public struct LayerCases: Sendable {
  public struct Model: Sendable {
    public var name: String
    /// The members that hold the model: one file, or an architecture and its weights.
    public var file: String
    public var config: String?
    /// Names of the outputs, each a layer and an option.
    public var outputs: [String]
    /// Class name → the layer of that class to look at.
    public var classes: [String: String]
  }

  public struct Release: Sendable {
    /// The file's name without its ending: `keras-2.1.3`.
    public var name: String
    public var path: String
    public var keras: String
    public var models: [Model]
    public let archive: ZipReader

    /// The model that shows a class, and the layer in it.
    public func proof(of className: String) -> (model: String, layer: String)? {
      for model in models {
        if let layer = model.classes[className] { return (model.name, layer) }
      }
      return nil
    }
  }

  public var releases: [Release] = []

  public init() {}

  /// Reads the index of every archive in a folder; throws `KerasKitError` for one that is not as described.
  public init(folder: String) throws(KerasKitError) {
    let names = try KerasKitError.wrap { try FolderListing.names(in: folder) }.filter { $0.hasSuffix(".zip") }
    for name in names.sorted() {
      let path = folder + "/" + name
      releases.append(
        try KerasKitError.wrap {
          let archive = try ZipReader(path: path)
          let index = try JSON(parsing: archive.read("index.json"))
          return Release(
            name: String(name.dropLast(4)), path: path, keras: index["keras"]?.stringValue ?? "",
            models: (index["models"]?.arrayValue ?? []).map(Self.model), archive: archive)
        })
    }
  }

  private static func model(_ json: JSON) -> Model {
    var classes: [String: String] = [:]
    for (name, layer) in json["classes"]?.objectValue ?? [:] { classes[name] = layer.stringValue ?? "" }
    return Model(
      name: json["name"]?.stringValue ?? "", file: json["file"]?.stringValue ?? "", config: json["config"]?.stringValue,
      outputs: (json["outputs"]?.arrayValue ?? []).compactMap(\.stringValue), classes: classes)
  }
}
