import HDF5
import KerasCore
import ZipArchive

/// Reads the `.keras` format of Keras 2.12 and later, as an archive or as the folder it is made from.
struct KerasArchiveReader {
  private static let configName = "config.json"
  private static let metadataName = "metadata.json"
  private static let weightsName = "model.weights.h5"
  private static let numpyName = "model.weights.npz"
  private static let indexName = "model.weights.json"
  /// The longest config that is read; Keras' own largest are a few megabytes.
  private static let maximumTextSize = 256 << 20

  let file: String
  let format: FileFormat
  private let members: Members

  /// Where the parts lie.
  private enum Members {
    case zip(ZipReader)
    case folder(String)
  }

  static func open(_ zip: ZipReader, _ path: String) throws(KerasFileError) -> ModelSource {
    guard zip[configName] != nil else {
      throw KerasFileError(file: path, .missing("\(configName), which every .keras archive has,"))
    }
    let reader = KerasArchiveReader(file: path, format: .kerasArchive, members: .zip(zip))
    var source = try reader.model()
    for member in zip.members where member.name.hasPrefix("assets/") && member.name.hasSuffix("/vocabulary.txt") {
      source.textAssets[member.name] = String(decoding: try reader.text(member.name), as: UTF8.self)
    }
    return source
  }

  static func open(folder: String, named path: String) throws(KerasFileError) -> ModelSource {
    try KerasArchiveReader(file: path, format: .kerasFolder, members: .folder(folder)).model()
  }

  private func model() throws(KerasFileError) -> ModelSource {
    let config = try ModelFile.parseJSON(text(Self.configName), file: file, container: Self.configName)
    guard config.objectValue != nil else {
      throw KerasFileError(file: file, .unknownFormat("\(Self.configName) is \(config.kind), not an object"))
    }
    var metadata = JSON.null
    if has(Self.metadataName) {
      metadata = try ModelFile.parseJSON(text(Self.metadataName), file: file, container: Self.metadataName)
    }
    let stored = try weights()
    let compile = config["compile_config"]
    var source = ModelSource(
      file: file, format: format, config: config, configContainer: Self.configName,
      trainingConfig: compile?.isNull == true ? nil : compile,
      trainingConfigContainer: "\(Self.configName)#/compile_config",
      versionStamp: metadata["keras_version"]?.stringValue,
      backend: config["backend"]?.stringValue, weights: .paths(stored.weights), optimizerWeights: stored.optimizer)
    source.record = metadata["keraskit"]
    return source
  }

  /// As one HDF5 file, in shards, or as NumPy arrays.
  private func weights() throws(KerasFileError) -> StoredPaths {
    if has(Self.weightsName) {
      let hdf5 = try hdf5(Self.weightsName)
      defer { hdf5.releasePages() }
      return try StoredPaths(of: HDF5ModelReader(hdf5: hdf5, file: file, prefix: "\(Self.weightsName)#"))
    }
    if has(Self.indexName) {
      let index = try ModelFile.parseJSON(text(Self.indexName), file: file, container: Self.indexName)
      return try ShardedWeights(index, file: file).paths { name throws(KerasFileError) in
        guard has(name) else { throw KerasFileError(file: file, .missing("the shard \(name)")) }
        return try hdf5(name)
      }
    }
    guard has(Self.numpyName) else { throw KerasFileError(file: file, .missing(Self.weightsName)) }
    return try NumpyWeights(file: file, prefix: "\(Self.numpyName)#", zip: numpyArchive()).paths()
  }

  // MARK: Parts

  private func has(_ name: String) -> Bool {
    switch members {
    case .zip(let zip): zip[name] != nil
    case .folder(let folder): ModelFile.exists("\(folder)/\(name)")
    }
  }

  private func text(_ name: String) throws(KerasFileError) -> [UInt8] {
    switch members {
    case .folder(let folder): return try ModelFile.contents(of: "\(folder)/\(name)", file: "\(file)/\(name)").array()
    case .zip(let zip):
      if let size = zip[name]?.size, size > Self.maximumTextSize {
        throw KerasFileError(file: file, .tooLarge("\(name) has \(size) bytes"))
      }
      do {
        return try zip.read(name)
      } catch {
        throw KerasFileError(error, file: file)
      }
    }
  }

  private func hdf5(_ name: String) throws(KerasFileError) -> HDF5File {
    do {
      switch members {
      case .folder(let folder): return try HDF5File(path: "\(folder)/\(name)")
      case .zip(let zip):
        // Keras stores members uncompressed: the HDF5 file is read where it lies.
        if let range = try zip.range(of: name) { return try HDF5File(zip.contents, in: range, name: name) }
        return try HDF5File(FileContents(zip.read(name)), name: name)
      }
    } catch let error as HDF5Error {
      throw KerasFileError(error, file: file, prefix: "\(name)#")
    } catch let error as ZipError {
      throw KerasFileError(error, file: file)
    } catch {
      throw KerasFileError(file: file, .damaged("\(error)"))
    }
  }

  private func numpyArchive() throws(KerasFileError) -> ZipReader {
    do {
      switch members {
      case .folder(let folder): return try ZipReader(path: "\(folder)/\(Self.numpyName)")
      case .zip(let zip):
        return try ZipReader(FileContents(zip.read(Self.numpyName)), name: "\(file)#\(Self.numpyName)")
      }
    } catch {
      throw KerasFileError(error, file: file)
    }
  }
}
