import KerasCore
import KerasFile

/// What is known of a model beyond its file, and how strictly its weights must fit.
public struct LoadOptions: Sendable {
  /// The release that wrote the files, whatever their stamps say; `nil` to believe stamps and evidence.
  public var kerasVersion: KerasVersion?
  /// The backend the model was saved with (`tensorflow`, `theano`, `cntk`), whatever the files say.
  public var backend: String?
  /// Variables without a fitting array take their initializer's value, and arrays without a variable are left out.
  public var allowsPartialWeights = false
  /// What stands for custom classes, functions and Lambda layers; the last one given for a name counts.
  public var mappings: [ObjectMapping] = []
  /// Whether the Python code of Lambda layers is read as data and translated; nothing is ever executed.
  public var translatesLambdas = true
  /// What stands for the random draws of the model's own functions: samplers draw, unless their mean is asked for.
  public var randomDraws = RandomDraws.sample
  /// Seeds the initializers of variables that a partial load leaves without an array.
  public var seed: UInt64 = 0
  /// Whether a file that holds an architecture only is refused.
  public var requiresWeights = true
  /// Whether arrays are read at once; without, `LoadedModel.weight(_:)` reads one when it is asked for.
  public var readsWeights = true
  /// Whether the other half of a file that holds weights or an architecture only is looked for beside it.
  public var findsPartner = true
  /// Told how many of the model's variables have their arrays, as these are read.
  public var progress: (@Sendable (_ read: Int, _ total: Int) -> Void)?

  public init(kerasVersion: KerasVersion? = nil, backend: String? = nil, allowsPartialWeights: Bool = false) {
    self.kerasVersion = kerasVersion
    self.backend = backend
    self.allowsPartialWeights = allowsPartialWeights
  }

  /// The source with the stamps that these options state in place of its own.
  public func stamped(_ source: ModelSource) -> ModelSource {
    var source = source
    if let kerasVersion {
      source.version = kerasVersion
      source.versionStamp = kerasVersion.description
      source.weightStamps?.version = kerasVersion
    }
    if let backend {
      source.backend = backend
      source.weightStamps?.backend = backend
    }
    return source
  }

  /// Opens a model file, or with the file beside it one that holds half a model.
  public func open(_ path: String) throws(KerasFileError) -> ModelSource {
    let source = try ModelFile.open(path)
    return findsPartner ? try ModelPartner.completed(source, isLenient: !requiresWeights) : source
  }
}
