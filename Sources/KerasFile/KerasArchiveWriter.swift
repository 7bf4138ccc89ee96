import HDF5
import KerasCore
import ZipArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes `.keras` archives in Keras 3's own layout (as of 3.15): stored members, weights at `<object path>/vars/<index>`.
public struct KerasArchiveWriter: Sendable {
  /// The variables of a layer, or of a part of one, in Keras' order.
  public struct StoredObject: Sendable {
    /// `layers/dense_1`, `layers/lstm/cell` …; empty for the model itself.
    public var path: String
    /// The object's own name, which Keras 3.6 and later write beside the variables.
    public var name: String?
    public var arrays: [TensorData]

    public init(path: String, name: String? = nil, arrays: [TensorData] = []) {
      self.path = path
      self.name = name
      self.arrays = arrays
    }
  }

  /// The serialized model with `build_config` and `compile_config`.
  public var config: JSON
  /// Objects in any order; one without arrays is written too, as Keras does for layers without weights.
  public var objects: [StoredObject]
  /// The optimizer's name and variables; `nil` for a model that is not compiled.
  public var optimizer: StoredObject?
  public var kerasVersion: String
  /// `YYYY-MM-DD@HH:MM:SS`; the present time (UTC) if `nil`.
  public var dateSaved: String?
  /// What else goes into the metadata, by the key `keraskit`.
  public var record: JSON?

  public init(
    config: JSON, objects: [StoredObject], optimizer: StoredObject? = nil, kerasVersion: String,
    dateSaved: String? = nil, record: JSON? = nil
  ) {
    self.record = record
    self.config = config
    self.objects = objects
    self.optimizer = optimizer
    self.kerasVersion = kerasVersion
    self.dateSaved = dateSaved
  }

  /// Writes the archive, which appears at `path` only when it is complete.
  public func write(to path: String) throws(KerasFileError) {
    var metadata: JSON = [
      "keras_version": .string(kerasVersion), "date_saved": .string(dateSaved ?? Self.timestamp()),
    ]
    if let record { metadata["keraskit"] = record }
    do {
      // The weights go through a file beside the archive, so that they need no second copy in memory.
      let scratch = try AtomicFile(replacing: path)
      try writeWeights(to: scratch.temporaryPath)
      let weights = try FileContents(path: scratch.temporaryPath)
      let zip = try ZipWriter(replacing: path)
      try zip.add("metadata.json", Array(metadata.text().utf8))
      try zip.add("config.json", Array(config.text().utf8))
      try weights.withBytes { (bytes) throws(ZipError) in try zip.add("model.weights.h5", bytes) }
      try zip.finish()
    } catch let error as FileError {
      throw KerasFileError(error, file: path)
    } catch let error as ZipError {
      throw KerasFileError(error, file: path)
    } catch let error as HDF5Error {
      throw KerasFileError(error, file: path)
    } catch {
      throw KerasFileError(file: path, .unwritable("\(error)"))
    }
  }

  /// Writes the weights alone, as `model.save_weights("x.weights.h5")` does.
  public func writeWeights(replacing path: String) throws(KerasFileError) {
    do {
      let file = try AtomicFile(replacing: path)
      try writeWeights(to: file.temporaryPath)
      try file.commit()
    } catch let error as FileError {
      throw KerasFileError(error, file: path)
    } catch let error as HDF5Error {
      throw KerasFileError(error, file: path)
    } catch {
      throw KerasFileError(file: path, .unwritable("\(error)"))
    }
  }

  private func writeWeights(to path: String) throws(HDF5Error) {
    let hdf5 = try HDF5Writer(path: path)
    for object in objects { try Self.write(object, to: hdf5) }
    if var optimizer {
      optimizer.path = "optimizer"
      try Self.write(optimizer, to: hdf5)
    }
    try hdf5.finish()
  }

  private static func write(_ object: StoredObject, to hdf5: HDF5Writer) throws(HDF5Error) {
    let vars = object.path.isEmpty ? "/vars" : "/\(object.path)/vars"
    try hdf5.makeGroup(vars)
    if let name = object.name { try hdf5.setText(name, attribute: "name", of: vars) }
    for (index, array) in object.arrays.enumerated() { try hdf5.write(array, at: "\(vars)/\(index)") }
  }

  private static func timestamp() -> String {
    var now = time(nil)
    var date = tm()
    gmtime_r(&now, &date)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(date.tm_year + 1900)-\(two(date.tm_mon + 1))-\(two(date.tm_mday))"
      + "@\(two(date.tm_hour)):\(two(date.tm_min)):\(two(date.tm_sec))"
  }
}
