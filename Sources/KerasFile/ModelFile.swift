import KerasCore
import ZipArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Opens the files in which Keras has stored models.
public enum ModelFile {
  /// Opens a model file or folder, recognised by content.
  ///
  /// HDF5 of Keras 0 to 3 (whole models and weights, sharded ones by their index), `.npz` weights, `.keras` archives,
  /// unzipped or not, SavedModel folders and checkpoints of TensorFlow 2, safetensors with a config, JSON and YAML text. Arrays are found and
  /// described, but read only when asked for.
  public static func open(_ path: String) throws(KerasFileError) -> ModelSource {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return try openFolder(path) }
    // A checkpoint goes by the name its files begin with, or by its index.
    if path.hasSuffix(".index") { return try SavedModelReader.open(checkpoint: String(path.dropLast(6)), named: path) }
    if !exists(path), exists(path + ".index") { return try SavedModelReader.open(checkpoint: path, named: path) }
    let contents = try contents(of: path, file: path)
    if let prefix = latestCheckpoint(contents, path) {
      return try SavedModelReader.open(checkpoint: prefix, named: path)
    }
    switch contents.withBytes({ ContainerKind($0) }) {
    case .hdf5: return try HDF5ModelReader.open(path)
    case .zip: return try openArchive(contents, path)
    case .json: return try openJSON(contents, path)
    case .yaml: return try YAMLReader.open(contents, path)
    case .safetensors: return try SafetensorsReader(contents, file: path).model()
    case .unknown(let seen): throw KerasFileError(file: path, .unknownFormat(seen))
    }
  }

  /// Opens a model whose architecture and weights are in two files (`to_json` and `save_weights`).
  ///
  /// `config` may be any file with an architecture, `weights` any with weights. The architecture's stamps win, as they
  /// tell which defaults it was written with; the weights' are kept apart, as they tell how arrays are laid out.
  public static func open(config: String, weights: String) throws(KerasFileError) -> ModelSource {
    var source = try open(config)
    guard source.config != nil else { throw KerasFileError(file: config, .missing("the architecture")) }
    let other = try openWeights(weights)
    if case .none = other.weights { throw KerasFileError(file: weights, .missing("weights")) }
    source.weights = other.weights
    source.weightStamps = ModelSource.Stamps(version: other.version, backend: other.backend)
    source.optimizerWeights = other.optimizerWeights
    source.format = other.format
    source.diagnostics += other.diagnostics
    if source.trainingConfig == nil {
      source.trainingConfig = other.trainingConfig
      source.trainingConfigContainer = other.trainingConfigContainer
    }
    if let ours = source.versionStamp, let theirs = other.versionStamp, ours != theirs {
      source.diagnostics.append(
        Diagnostic(
          rule: "version-stamps-differ", severity: .warning, location: SourceLocation(file: weights),
          message: "the architecture was written by Keras \(ours), the weights by Keras \(theirs)"))
    }
    source.backend = source.backend ?? other.backend
    return source
  }

  /// A file whose weights are asked for, though it may say nothing of the architecture.
  private static func openWeights(_ path: String) throws(KerasFileError) -> ModelSource {
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    guard !exists("\(folder)/config.json"), exists("\(folder)/saved_model.pb") else { return try open(path) }
    return try SavedModelReader.open(folder: folder, named: path, needsArchitecture: false)
  }

  private static func openArchive(_ contents: FileContents, _ path: String) throws(KerasFileError) -> ModelSource {
    let zip: ZipReader
    do {
      zip = try ZipReader(contents, name: path)
    } catch {
      throw KerasFileError(error, file: path)
    }
    return NumpyWeights.isOne(zip)
      ? try NumpyWeights(file: path, zip: zip).model() : try KerasArchiveReader.open(zip, path)
  }

  private static func openFolder(_ path: String) throws(KerasFileError) -> ModelSource {
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    if exists("\(folder)/config.json") { return try KerasArchiveReader.open(folder: folder, named: path) }
    if exists("\(folder)/saved_model.pb") {
      return try SavedModelReader.open(folder: folder, named: path)
    }
    if exists("\(folder)/checkpoint"),
      let prefix = latestCheckpoint(try contents(of: "\(folder)/checkpoint", file: path), "\(folder)/checkpoint")
    {
      return try SavedModelReader.open(checkpoint: prefix, named: path)
    }
    throw KerasFileError(
      file: path, .unknownFormat("it is a folder without config.json, saved_model.pb or TensorFlow's checkpoint"))
  }

  private static func openJSON(_ contents: FileContents, _ path: String) throws(KerasFileError) -> ModelSource {
    var json = try parseJSON(contents.array(), file: path, container: "the text")
    var diagnostics: [Diagnostic] = []
    if let text = json.stringValue {
      // `json.dump(model.to_json(), file)`: a JSON text inside a JSON string.
      json = try parseJSON(Array(text.utf8), file: path, container: "the text in the string")
      diagnostics.append(
        Diagnostic(
          rule: "json-in-string", severity: .note, location: SourceLocation(file: path),
          message: "the architecture is a JSON text inside a JSON string: it was encoded twice"))
    }
    guard case .object(let members) = json else {
      throw KerasFileError(file: path, .unknownFormat("it is JSON, but \(json.kind), not an object"))
    }
    if members["weight_map"] != nil {
      return try ShardedWeights.open(json, path)
    }
    // Keras 0: `name` and `layers` or `nodes` at the top, with the compiled optimizer and loss among them.
    guard members["class_name"] != nil || members["layers"] != nil || members["nodes"] != nil else {
      throw KerasFileError(file: path, .unknownFormat("it is JSON, but no Keras architecture"))
    }
    return ModelSource(
      file: path, format: .json, config: json, configContainer: "",
      versionStamp: json["keras_version"]?.stringValue, backend: json["backend"]?.stringValue, diagnostics: diagnostics)
  }

  /// The checkpoint that TensorFlow's file `checkpoint` names as the latest: beside that file, wherever it says.
  private static func latestCheckpoint(_ contents: FileContents, _ path: String) -> String? {
    let key = "model_checkpoint_path:"
    guard contents.withBytes({ $0.starts(with: key.utf8) }) else { return nil }
    let line = contents.withBytes { String(decoding: $0.prefix(4096).prefix { $0 != 0x0a }, as: UTF8.self) }
    let value = line.dropFirst(key.count).filter { $0 != "\"" && $0 != " " && $0 != "\r" }
    guard let name = value.split(separator: "/").last, name != ".." else { return nil }
    return (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "") + name
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Maps a file; errors name `file`, of which `path` is a part.
  static func contents(of path: String, file: String) throws(KerasFileError) -> FileContents {
    do {
      return try FileContents(path: path)
    } catch {
      throw KerasFileError(error, file: file)
    }
  }

  static func parseJSON(_ bytes: [UInt8], file: String, container: String) throws(KerasFileError) -> JSON {
    do {
      return try JSON(parsing: bytes)
    } catch {
      throw KerasFileError(file: file, .malformedJSON(container: container, error))
    }
  }
}
