import KerasCore
import KerasFile
import ZipArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a file is to an audit of everything around it, by its content; its name only tells what it claims to be.
enum AuditCandidate: Equatable {
  /// A model, or what says it is one; the suffix says another container than the content where there is a text.
  case model(misnamed: String?)
  /// A text that may be an architecture: it has its words.
  case text
  case zip, tar, gzip
  /// A pickle, or arrays that may be some: no model, but a program.
  case pickles
  /// A container that cannot be looked into.
  case unopened(String)
  case other

  /// Looks at the beginning of a file, and at all of it only for the words of an architecture.
  init(_ contents: FileContents, path: String) {
    let suffix = Self.suffix(path)
    let claimsModel = Self.modelSuffixes.contains(suffix)
    self = contents.withBytes { bytes in
      switch ContainerKind(bytes) {
      case .hdf5: return .model(misnamed: suffix == "keras" ? "HDF5" : nil)
      case .zip:
        if suffix == "keras" { return .model(misnamed: nil) }
        if claimsModel { return .model(misnamed: "a zip archive") }
        return Self.zip(contents, path)
      case .json: return claimsModel ? .model(misnamed: "JSON") : Self.hasWords(bytes) ? .text : .other
      case .yaml: return claimsModel ? .model(misnamed: "YAML") : Self.hasWords(bytes) ? .text : .other
      case .safetensors:
        if claimsModel { return .model(misnamed: "safetensors") }
        return Self.hasWords(bytes) ? .model(misnamed: nil) : .other
      case .unknown: break
      }
      if claimsModel { return .model(misnamed: nil) }
      if GzipStream.isOne(bytes.prefix(3)) { return .gzip }
      if TarReader.isOne(Array(bytes.prefix(512))) { return .tar }
      for (magic, name) in Self.unopenedKinds where bytes.starts(with: magic) { return .unopened(name) }
      let isPickle = PickleListing.looksLikeOne(bytes) || PickleListing.pickleStart(Array(bytes.prefix(1 << 16))) != nil
      return isPickle ? .pickles : .other
    }
  }

  /// Suffixes by which Keras itself decides what a file is.
  private static let modelSuffixes: Set<String> = ["h5", "hdf5", "keras"]

  static func suffix(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
  }

  private static let unopenedKinds: [([UInt8], String)] = [
    (Array("BZh".utf8), "bzip2"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"),
    ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "7z"), (Array("Rar!".utf8), "RAR"), ([0x28, 0xb5, 0x2f, 0xfd], "Zstandard"),
  ]

  /// A zip of the `.keras` form, Keras 3's `.npz`, or an archive of other files.
  private static func zip(_ contents: FileContents, _ path: String) -> AuditCandidate {
    guard let zip = try? ZipReader(contents, name: path) else { return .zip }
    if ModelFolder.isKeras(Set(zip.members.map(\.name))) { return .model(misnamed: nil) }
    guard !zip.members.isEmpty, zip.members.allSatisfy({ $0.name.hasSuffix(".npy") }) else { return .zip }
    // Arrays of any kind come as .npz; only Keras 3's say that they are a model's.
    return zip["__root__.npy"] == nil ? .pickles : .model(misnamed: nil)
  }

  /// Whether a text has words without which it is no architecture and no index of weights.
  private static func hasWords(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Architectures have megabytes at most; a table of gigabytes is not searched to its end.
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(64 << 20))
    if contains(head, "class_name") { return true }
    if contains(head, "weight_map") { return contains(head, ".weights.h5") }
    // Keras 0 wrote a name for each class, and a Graph's layers as nodes.
    return contains(head, "layers") && contains(head, "Sequential") || contains(head, "node_config")
  }

  private static func contains(_ bytes: UnsafeRawBufferPointer, _ word: String) -> Bool {
    let word = Array(word.utf8)
    guard let base = bytes.baseAddress, let first = word.first else { return false }
    var start = 0
    while start + word.count <= bytes.count,
      let found = memchr(base + start, Int32(first), bytes.count - start - word.count + 1)
    {
      let place = UnsafeRawPointer(found) - base
      if memcmp(base + place, word, word.count) == 0 { return true }
      start = place + 1
    }
    return false
  }

  /// Whether a JSON or YAML text that was read is an architecture as Keras writes them.
  static func isArchitecture(_ config: JSON) -> Bool {
    if config["weight_map"] != nil { return true }
    if let name = config["class_name"]?.stringValue, let inner = config["config"] {
      let models: Set<String> = ["Sequential", "Model", "Functional", "Graph"]
      return models.contains(name) || inner["layers"]?.arrayValue != nil
        || inner.arrayValue?.first?["class_name"] != nil || config["registered_name"] != nil
    }
    // Keras 0.
    return ["Sequential", "Graph"].contains(config["name"]?.stringValue)
      && (config["layers"] != nil || config["nodes"] != nil || config["node_config"] != nil)
  }

  /// Whether a text that cannot be parsed was meant as an architecture.
  static func wasMeantAsArchitecture(_ contents: FileContents, path: String) -> Bool {
    guard ["json", "yaml", "yml", "config", "txt", ""].contains(suffix(path)) else { return false }
    return contents.withBytes { contains($0, "class_name") && contains($0, "config") }
  }
}

/// Folders that are a model as a whole.
enum ModelFolder {
  static func isOne(_ names: Set<String>) -> Bool { names.contains("saved_model.pb") || isKeras(names) }

  /// What a `.keras` archive holds, zipped or not: a `config.json` alone is anybody's.
  static func isKeras(_ names: Set<String>) -> Bool {
    names.contains("config.json")
      && ["metadata.json", "model.weights.h5", "model.weights.json", "model.weights.npz"].contains {
        names.contains($0)
      }
  }
}
