import KerasCore
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
  /// Shapes, types and masks of the source's layers.
  var facts: LayerFacts
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

  /// Masks that operations make in place of layers, with the models that hold them.
  var madeMasks: [LayerFacts.MaskOrigin: MadeMask] = [:]
  /// Layers that give a tensor its mask, by path; what keeps them from it, where something does.
  var maskCarriers: [String: String?] = [:]

  var weights: [String: TensorData]
  /// Layers whose sequences are to be multiplied by their mask in the end, with the layer that makes it.
  var maskedSequences: [String: String] = [:]
  /// The source's names of weights that have another name now, by that one.
  private(set) var sourceNames: [String: String] = [:]
  /// The source's names of weights that are constants now.
  private(set) var constants: Set<String> = []
  var notes: [ExportNote] = []

  init(
    target: RewriteTarget = .keras3, options: ExportOptions, semantics: TrainingSemantics,
    facts: LayerFacts = LayerFacts(),
    hasFixedBatch: Bool, weights: [String: TensorData]
  ) {
    self.target = target
    self.options = options
    self.semantics = semantics
    self.facts = facts
    self.hasFixedBatch = hasFixedBatch
    self.weights = weights
  }

  mutating func note(_ kind: ExportNote.Kind, _ message: String) {
    let note = ExportNote(kind, layer: path, message)
    if !notes.contains(note) { notes.append(note) }
  }

  /// Gives the weights below a prefix another one: nothing else changes for them, or for the optimizer's state of them.
  mutating func rename(_ prefix: String, to other: String) {
    for (name, weight) in weights where name.hasPrefix(prefix) {
      let new = other + name.dropFirst(prefix.count)
      weights[name] = nil
      weights[new] = weight
      sourceNames[new] = sourceNames.removeValue(forKey: name) ?? name
    }
  }

  /// Says that another weight holds the numbers of one now, and what is trained of them.
  mutating func carry(_ name: String, as other: String) { sourceNames[other] = sourceNames[name] ?? name }

  /// Says that training changes a weight no more.
  mutating func fix(_ name: String) { constants.insert(sourceNames[name] ?? name) }

  func refusal(_ what: String, _ reason: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: reason), layer: path)
  }
}
