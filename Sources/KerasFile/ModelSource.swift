import KerasCore

/// What a model file says, untranslated: its config as written, its stamps, and its weights to be read when needed.
public struct ModelSource: Sendable {
  /// The file or folder as the user named it.
  public var file: String
  public var format: FileFormat
  /// The architecture as saved (`model_config`, `config.json`, `to_json` text); `nil` in a weights-only file.
  public var config: JSON?
  /// Container path of `config`, for locations in messages, as in `config.json`.
  public var configContainer: String
  /// HDF5's `training_config`, or a `.keras` file's `compile_config`, as saved.
  public var trainingConfig: JSON?
  public var trainingConfigContainer: String
  /// `keras_version` as written, and as understood.
  public var versionStamp: String?
  public var version: KerasVersion?
  /// The backend stamp: `tensorflow`, `theano`, `cntk`, `jax` and so on.
  public var backend: String?
  /// The stamps of the weights' own file, where architecture and weights came in two.
  public var weightStamps: Stamps?
  public var weights: StoredWeights
  /// In stored order (`weight_names` of HDF5, index order of a `.keras` file).
  public var optimizerWeights: [StoredArray]
  /// What one of two files says of its writer.
  public struct Stamps: Sendable, Hashable {
    public var version: KerasVersion?
    public var backend: String?

    public init(version: KerasVersion?, backend: String?) {
      self.version = version
      self.backend = backend
    }
  }

  /// Small text files beside the config that layers read, by path: `assets/layers/string_lookup/vocabulary.txt`.
  public var textAssets: [String: String] = [:]

  /// What this program wrote into the file's metadata by the key `keraskit` when it converted a model to it.
  public var record: JSON?

  /// The release whose training the model has, where `config` is this program's canonical form; else `nil`.
  ///
  /// Only files of this program's own, safetensors, hold that form.
  public var trainedBy: String?

  /// What the reader noticed (a `.keras` that is really HDF5, an attribute of an odd kind …).
  public var diagnostics: [Diagnostic]

  public init(
    file: String, format: FileFormat, config: JSON? = nil, configContainer: String = "", trainingConfig: JSON? = nil,
    trainingConfigContainer: String = "", versionStamp: String? = nil, backend: String? = nil,
    weights: StoredWeights = .none, optimizerWeights: [StoredArray] = [], diagnostics: [Diagnostic] = []
  ) {
    self.file = file
    self.format = format
    self.config = config
    self.configContainer = configContainer
    self.trainingConfig = trainingConfig
    self.trainingConfigContainer = trainingConfigContainer
    self.versionStamp = versionStamp
    self.version = versionStamp.flatMap { KerasVersion($0) }
    self.backend = backend
    self.weights = weights
    self.optimizerWeights = optimizerWeights
    self.diagnostics = diagnostics
  }
}

/// The container a model came in, recognised by content.
public enum FileFormat: String, Sendable, Hashable {
  /// Whole-model HDF5 of Keras 1.0.7 and later (attribute `model_config`).
  case hdf5Model = "HDF5 model"
  /// HDF5 weights with `layer_names`, or Keras 0's `nb_layers`.
  case hdf5Weights = "HDF5 weights"
  /// Keras 3's `.weights.h5` (groups `layers/…/vars`).
  case hdf5PathWeights = "HDF5 weights by path"
  /// The index of Keras 3.10 and later, `.weights.json`, with its shards beside it.
  case shardedWeights = "sharded HDF5 weights"
  /// `.npz`: Keras 3's by path, or the arrays of `get_weights()`.
  case numpyWeights = "NumPy weights"
  case kerasArchive = ".keras archive"
  case kerasFolder = "unzipped .keras folder"
  /// safetensors with the config among its metadata, as this program writes them.
  case safetensors = "safetensors"
  case json = "JSON architecture"
  /// `to_yaml` of Keras 0 to 2.3 and tf.keras up to 2.5.
  case yaml = "YAML architecture"
  /// TensorFlow 2's `saved_model.pb`, `keras_metadata.pb` (from 2.5 on) and `variables/`.
  case savedModel = "TensorFlow SavedModel"
  /// `NAME.index` and `NAME.data-00000-of-00001` of TensorFlow 2.
  case checkpoint = "TensorFlow checkpoint"
}

/// The layer weights of a file, in the two ways Keras has stored them.
public enum StoredWeights: Sendable {
  case none
  /// One group per layer in `layer_names` order, arrays in `weight_names` order (weightless layers have none).
  case groups([WeightGroup])
  /// Keras 3 and 2.12+: arrays at `<object path>/vars/<index>`, e.g. `layers/dense_1/vars/0`, keyed by object path
  /// (without `/vars/`), arrays in index order. Optimizer variables are not among them.
  case paths([WeightGroup])
}

/// The arrays of one layer (`groups`) or of one object (`paths`).
public struct WeightGroup: Sendable {
  /// The layer's name, or the object's path.
  public var name: String
  public var arrays: [StoredArray]
  /// The layer's own name where `name` is a path and the file states it (Keras 3.6 and later).
  public var layerName: String?

  /// Whether these are all arrays of the model, in the order of `get_weights()`.
  public var isWholeModel: Bool

  public init(name: String, arrays: [StoredArray], layerName: String? = nil, isWholeModel: Bool = false) {
    self.isWholeModel = isWholeModel
    self.name = name
    self.arrays = arrays
    self.layerName = layerName
  }
}

/// An array in a file, read when asked for.
public struct StoredArray: Sendable {
  /// As in `weight_names`: `dense_1/kernel:0`, `dense_1_W` …; for `paths` the variable's name if the file states it, else the index.
  public var name: String
  /// Where it lies: `/model_weights/dense_1/dense_1/kernel:0`.
  public var path: String
  public var dtype: DType
  public var shape: [Int]
  /// Fills memory with the elements' little-endian bytes from one of them on.
  public typealias PartReader =
    @Sendable (_ start: Int, _ target: UnsafeMutableRawBufferPointer) throws(KerasFileError) -> Void
  /// Reads a part of the array; `nil` where it does not lie in the file as `read` gives it.
  public let readPart: PartReader?
  private let reader: @Sendable () throws(KerasFileError) -> TensorData

  public init(
    name: String, path: String, dtype: DType, shape: [Int], readPart: PartReader? = nil,
    read: @escaping @Sendable () throws(KerasFileError) -> TensorData
  ) {
    self.readPart = readPart
    self.name = name
    self.path = path
    self.dtype = dtype
    self.shape = shape
    self.reader = read
  }

  /// Reads the array in its stored type.
  public func read() throws(KerasFileError) -> TensorData { try reader() }
}

/// Why a file could not be read or written, in terms a user can act on.
public struct KerasFileError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Sendable, Hashable {
    case notFound
    /// Not readable, a folder where a file is needed, no permission …: the system's own words.
    case unreadable(String)
    case unwritable(String)
    /// The content is none of the formats known; what the first bytes look like.
    case unknownFormat(String)
    /// The container is damaged: truncated HDF5, bad zip directory …
    case damaged(String)
    /// A part that must be there is missing: `model_config`, `layer_names`, a data set …
    case missing(String)
    case malformedJSON(container: String, JSONError)
    /// A stated size or depth goes beyond what this reader accepts.
    case tooLarge(String)
    case unsupported(String)
  }

  public var file: String
  public var cause: Cause

  public init(file: String, _ cause: Cause) {
    self.file = file
    self.cause = cause
  }

  public var description: String {
    switch cause {
    case .notFound: "\(file): no such file"
    case .unreadable(let reason): "\(file): cannot be read: \(reason)"
    case .unwritable(let reason): "\(file): cannot be written: \(reason)"
    case .unknownFormat(let seen): "\(file): not a Keras model file: \(seen)"
    case .damaged(let reason): "\(file): damaged: \(reason)"
    case .missing(let part): "\(file): \(part) is missing"
    case .malformedJSON(let container, let error): "\(file): \(container): \(error)"
    case .tooLarge(let reason): "\(file): refused: \(reason)"
    case .unsupported(let reason): "\(file): not supported: \(reason)"
    }
  }
}
