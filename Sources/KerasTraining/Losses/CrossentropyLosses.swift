import KerasCore
import KerasGraph
import KerasModel

/// What a crossentropy compares targets with: probabilities, or the scores they were made from.
private enum Scores {
  case probabilities(Value)
  case logits(Value)

  /// With `crossentropyReadsLogits` a sigmoid or softmax right before the loss is looked through, as TensorFlow does.
  init(_ prediction: Value, fromLogits: Bool, activation: Op, _ semantics: TrainingSemantics, _ graph: Graph) {
    let node = graph.nodes[prediction.node]
    if fromLogits {
      self = .logits(prediction)
    } else if semantics.crossentropyReadsLogits, node.op == activation, let operand = node.operands.first {
      self = .logits(operand)
    } else {
      self = .probabilities(prediction)
    }
  }
}

/// mean(−t·log p − (1 − t)·log(1 − p)) with p clipped to [ε, 1 − ε].
struct BinaryCrossentropy: Loss {
  static let names = ["binary_crossentropy", "bce", "BinaryCrossentropy"]
  let fromLogits: Bool
  let labelSmoothing: Double

  init(_ config: LossConfig) {
    fromLogits = config.bool("from_logits")
    labelSmoothing = config.double("label_smoothing", default: 0)
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    var t = truth
    if labelSmoothing != 0 {
      t = try graph.plus(try graph.times(t, 1 - labelSmoothing), 0.5 * labelSmoothing)
    }
    switch Scores(prediction, fromLogits: fromLogits, activation: .unary(.sigmoid), semantics, graph) {
    case .logits(let x):
      // softplus(x) − x·t
      let cost = try graph.minus(try graph.unary(.softplus, x), try graph.times(x, t))
      return try graph.lastAxis(.mean, cost)
    case .probabilities(let p):
      let clipped = try graph.clipped(p, kerasEpsilon, 1 - kerasEpsilon)
      var yes = clipped
      var no = try graph.minus(1, clipped)
      if semantics.binaryCrossentropyAddsEpsilon {
        yes = try graph.plus(yes, kerasEpsilon)
        no = try graph.plus(no, kerasEpsilon)
      }
      let first = try graph.times(t, try graph.unary(.logarithm, yes))
      let second = try graph.times(try graph.minus(1, t), try graph.unary(.logarithm, no))
      return try graph.lastAxis(.mean, try graph.unary(.negate, try graph.plus(first, second)))
    }
  }
}

/// −Σ t·log p with p divided by its sum, then clipped to [ε, 1 − ε].
struct CategoricalCrossentropy: Loss {
  static let names = ["categorical_crossentropy", "CategoricalCrossentropy"]
  let fromLogits: Bool
  let labelSmoothing: Double

  init(_ config: LossConfig) {
    fromLogits = config.bool("from_logits")
    labelSmoothing = config.double("label_smoothing", default: 0)
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let axis = graph.shape(prediction).rank - 1
    let t = try graph.smoothed(truth, labelSmoothing, like: prediction)
    let logarithm: Value
    switch Scores(prediction, fromLogits: fromLogits, activation: .softmax(axis: axis), semantics, graph) {
    case .logits(let x): logarithm = try graph.apply(.logSoftmax(axis: axis), x)
    case .probabilities(let p):
      let sum = try graph.lastAxis(.sum, p, keepDimensions: true)
      let clipped = try graph.clipped(try graph.quotient(p, sum), kerasEpsilon, 1 - kerasEpsilon)
      logarithm = try graph.unary(.logarithm, clipped)
    }
    return try graph.unary(.negate, try graph.lastAxis(.sum, try graph.times(t, logarithm)))
  }
}

/// −log of the named class' probability; TensorFlow clips before it divides by the sum, Theano after.
struct SparseCategoricalCrossentropy: Loss {
  static let names = ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"]
  let fromLogits: Bool
  var targetsAreIndices: Bool { true }

  init(_ config: LossConfig) { fromLogits = config.bool("from_logits") }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let axis = graph.shape(prediction).rank - 1
    let chosen = try graph.oneHot(truth, like: prediction)
    let logarithm: Value
    switch Scores(prediction, fromLogits: fromLogits, activation: .softmax(axis: axis), semantics, graph) {
    case .logits(let x): logarithm = try graph.apply(.logSoftmax(axis: axis), x)
    case .probabilities(let p) where semantics.sparseCrossentropyClipsFirst:
      let clipped = try graph.clipped(p, kerasEpsilon, 1 - kerasEpsilon)
      logarithm = try graph.apply(.logSoftmax(axis: axis), try graph.unary(.logarithm, clipped))
    case .probabilities(let p):
      let sum = try graph.lastAxis(.sum, p, keepDimensions: true)
      let clipped = try graph.clipped(try graph.quotient(p, sum), kerasEpsilon, 1 - kerasEpsilon)
      logarithm = try graph.unary(.logarithm, clipped)
    }
    return try graph.unary(.negate, try graph.lastAxis(.sum, try graph.times(chosen, logarithm)))
  }
}

extension Graph {
  /// Class probabilities moved towards the uniform distribution over the last axis.
  mutating func smoothed(_ truth: Value, _ labelSmoothing: Double, like prediction: Value) throws(GraphError) -> Value {
    guard labelSmoothing != 0 else { return truth }
    let classes = shape(prediction).dimensions.last?.map(Double.init) ?? 1
    return try plus(try times(truth, 1 - labelSmoothing), labelSmoothing / classes)
  }
}
