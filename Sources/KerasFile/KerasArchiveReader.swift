import HDF5
import KerasCore
import ZipArchive

/// Reads the `.keras` format of Keras 2.12 and later, as an archive or as the folder it is made from.
struct KerasArchiveReader {
  private static let configName = "config.json"
  private static let metadataName = "metadata.json"
  private static let weightsName = "model.weights.h5"
  /// The longest config that is read; Keras' own largest are a few megabytes.
  private static let maximumTextSize = 256 << 20

  let file: String
  let format: FileFormat

  static func open(_ contents: FileContents, _ path: String) throws(KerasFileError) -> ModelSource {
    let reader = KerasArchiveReader(file: path, format: .kerasArchive)
    let zip: ZipReader
    do {
      zip = try ZipReader(contents, name: path)
    } catch {
      throw KerasFileError(error, file: path)
    }
    guard zip[configName] != nil else {
      throw KerasFileError(file: path, .missing("\(configName), which every .keras archive has,"))
    }
    let config = try reader.config(reader.text(configName, in: zip))
    let metadata = zip[metadataName] != nil ? try reader.text(metadataName, in: zip) : nil
    guard zip[weightsName] != nil else { throw reader.missingWeights { zip[$0] != nil } }
    let hdf5: HDF5File
    do {
      // Keras stores members uncompressed: the HDF5 file is read where it lies.
      if let range = try zip.range(of: weightsName) {
        hdf5 = try HDF5File(contents, in: range, name: weightsName)
      } else {
        hdf5 = try HDF5File(FileContents(zip.read(weightsName)), name: weightsName)
      }
    } catch let error as HDF5Error {
      throw KerasFileError(error, file: path, prefix: "\(weightsName)#")
    } catch let error as ZipError {
      throw KerasFileError(error, file: path)
    } catch {
      throw KerasFileError(file: path, .damaged("\(error)"))
    }
    var source = try reader.model(config: config, metadata: metadata, weights: hdf5)
    for member in zip.members where member.name.hasPrefix("assets/") && member.name.hasSuffix("/vocabulary.txt") {
      source.textAssets[member.name] = String(decoding: try reader.text(member.name, in: zip), as: UTF8.self)
    }
    return source
  }

  static func open(folder: String, named path: String) throws(KerasFileError) -> ModelSource {
    let reader = KerasArchiveReader(file: path, format: .kerasFolder)
    let text = try ModelFile.contents(of: "\(folder)/\(configName)", file: "\(path)/\(configName)")
    let config = try reader.config(text.array())
    let metadata =
      ModelFile.exists("\(folder)/\(metadataName)")
      ? try ModelFile.contents(of: "\(folder)/\(metadataName)", file: "\(path)/\(metadataName)") : nil
    guard ModelFile.exists("\(folder)/\(weightsName)") else {
      throw reader.missingWeights { ModelFile.exists("\(folder)/\($0)") }
    }
    let hdf5: HDF5File
    do {
      hdf5 = try HDF5File(path: "\(folder)/\(weightsName)")
    } catch {
      throw KerasFileError(error, file: path, prefix: "\(weightsName)#")
    }
    return try reader.model(
      config: config, metadata: metadata?.array(), weights: hdf5)
  }

  private func config(_ text: [UInt8]) throws(KerasFileError) -> JSON {
    let config = try ModelFile.parseJSON(text, file: file, container: Self.configName)
    guard config.objectValue != nil else {
      throw KerasFileError(file: file, .unknownFormat("\(Self.configName) is \(config.kind), not an object"))
    }
    return config
  }

  private func model(config: JSON, metadata: [UInt8]?, weights: HDF5File) throws(KerasFileError) -> ModelSource {
    var version: String?
    if let metadata {
      version = try ModelFile.parseJSON(metadata, file: file, container: Self.metadataName)["keras_version"]?
        .stringValue
    }
    let stored = try StoredPaths(
      of: HDF5ModelReader(hdf5: weights, file: file, prefix: "\(Self.weightsName)#"))
    let compile = config["compile_config"]
    return ModelSource(
      file: file, format: format, config: config, configContainer: Self.configName,
      trainingConfig: compile?.isNull == true ? nil : compile,
      trainingConfigContainer: "\(Self.configName)#/compile_config", versionStamp: version,
      backend: config["backend"]?.stringValue, weights: .paths(stored.weights), optimizerWeights: stored.optimizer)
  }

  private func text(_ name: String, in zip: ZipReader) throws(KerasFileError) -> [UInt8] {
    if let size = zip[name]?.size, size > Self.maximumTextSize {
      throw KerasFileError(file: file, .tooLarge("\(name) has \(size) bytes"))
    }
    do {
      return try zip.read(name)
    } catch {
      throw KerasFileError(error, file: file)
    }
  }

  private func missingWeights(has: (String) -> Bool) -> KerasFileError {
    if has("model.weights.npz") {
      return KerasFileError(file: file, .unsupported("weights in model.weights.npz, which are Python pickles"))
    }
    if has("model.weights.json") { return KerasFileError(file: file, .unsupported("sharded weights")) }
    return KerasFileError(file: file, .missing(Self.weightsName))
  }
}
