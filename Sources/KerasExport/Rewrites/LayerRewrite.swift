import KerasCore
import KerasGraph
import KerasModel

/// Says in the target's own layers what only the canonical form can say; one layer at a time.
protocol LayerRewrite: Sendable {
  /// Changes the layer, or puts layers before and after it; throws `ExportError.notExpressible` if nothing computes the same.
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError)
}

/// A layer with what has to stand before and after it, each with one input and one output.
struct LayerChain: Sendable {
  var before: [LayerConfig] = []
  var layer: LayerConfig
  var after: [LayerConfig] = []

  init(_ layer: LayerConfig) { self.layer = layer }
}

/// What a rewrite knows about the layer at hand, and the weights it may change.
struct RewriteContext: Sendable {
  let target: RewriteTarget
  let options: ExportOptions
  let semantics: TrainingSemantics
  /// Shapes of the inputs of every layer's first call, by path.
  let inputShapes: [String: [Shape]]
  /// Types of the outputs of every layer's calls, by path.
  var outputTypes: [String: [[TensorType]]]
  /// Layers, by path, whose own mask something later reads.
  let maskReaders: Set<String>
  /// Merging layers whose masks some result depends on, by path.
  let maskSensitive: Set<String>
  let hasFixedBatch: Bool

  /// The layer's path by names: `encoder/dense_1`.
  var path = ""
  /// What leads to its weights: `encoder/dense_1/`, `td/layer/`.
  var prefix = ""
  /// The shape of its first input, if known.
  var inputShape: Shape?
  /// How many models around it are called as layers, and whether each stands first in a Sequential.
  var nesting = 0
  var isFirstNested = true
  /// Whether the layer is held by a TimeDistributed or Bidirectional.
  var isWrapped = false
  /// Whether a TimeDistributed holds the model that holds the layer.
  var isInTimeDistributedModel = false

  var weights: [String: TensorData]
  var notes: [ExportNote] = []

  init(
    target: RewriteTarget = .keras3, options: ExportOptions, semantics: TrainingSemantics,
    inputShapes: [String: [Shape]],
    outputTypes: [String: [[TensorType]]] = [:], maskReaders: Set<String> = [], maskSensitive: Set<String> = [],
    hasFixedBatch: Bool, weights: [String: TensorData]
  ) {
    self.target = target
    self.options = options
    self.semantics = semantics
    self.inputShapes = inputShapes
    self.maskSensitive = maskSensitive
    self.outputTypes = outputTypes
    self.maskReaders = maskReaders
    self.hasFixedBatch = hasFixedBatch
    self.weights = weights
  }

  mutating func note(_ kind: ExportNote.Kind, _ message: String) {
    let note = ExportNote(kind, layer: path, message)
    if !notes.contains(note) { notes.append(note) }
  }

  func refusal(_ what: String, _ reason: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: reason), layer: path)
  }
}
