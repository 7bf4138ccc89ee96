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

extension Graph {
  /// −t·log p − (1 − t)·log(1 − p) of each element, p clipped to [ε, 1 − ε].
  mutating func binaryCrossentropy(
    _ t: Value, _ prediction: Value, fromLogits: Bool, _ semantics: TrainingSemantics
  ) throws(GraphError) -> Value {
    switch Scores(prediction, fromLogits: fromLogits, activation: .unary(.sigmoid), semantics, self) {
    case .logits(let x):
      // softplus(x) − x·t
      return try minus(try unary(.softplus, x), try times(x, t))
    case .probabilities(let p):
      let clipped = try clipped(p, kerasEpsilon, 1 - kerasEpsilon)
      var yes = clipped
      var no = try minus(1, clipped)
      if semantics.binaryCrossentropyAddsEpsilon {
        yes = try plus(yes, kerasEpsilon)
        no = try plus(no, kerasEpsilon)
      }
      let first = try times(t, try unary(.logarithm, yes))
      let second = try times(try minus(1, t), try unary(.logarithm, no))
      return try unary(.negate, try plus(first, second))
    }
  }
}

/// mean(−t·log p − (1 − t)·log(1 − p)) with p clipped to [ε, 1 − ε].
struct BinaryCrossentropy: Loss {
  static let names = ["binary_crossentropy", "bce", "BinaryCrossentropy"]
  private let fromLogits: Bool
  private let labelSmoothing: Double
  private let axis: Int?

  init(_ config: LossConfig) {
    fromLogits = config.bool("from_logits")
    labelSmoothing = config.double("label_smoothing", default: 0)
    axis = config.axis
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    var t = truth
    if labelSmoothing != 0 {
      t = try graph.plus(try graph.times(t, 1 - labelSmoothing), 0.5 * labelSmoothing)
    }
    return try graph.along(
      axis, .mean, try graph.binaryCrossentropy(t, prediction, fromLogits: fromLogits, semantics))
  }
}

/// −Σ t·log p with p divided by its sum, then clipped to [ε, 1 − ε].
struct CategoricalCrossentropy: Loss {
  static let names = ["categorical_crossentropy", "CategoricalCrossentropy"]
  private let fromLogits: Bool
  private let labelSmoothing: Double
  private let classAxis: Int?

  init(_ config: LossConfig) {
    fromLogits = config.bool("from_logits")
    labelSmoothing = config.double("label_smoothing", default: 0)
    classAxis = config.axis
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let truth = try graph.withLast(classAxis, truth)
    let prediction = try graph.withLast(classAxis, prediction)
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
  private let fromLogits: Bool
  private let ignoredClass: Int?
  var targetsAreIndices: Bool { true }

  init(_ config: LossConfig) {
    fromLogits = config.bool("from_logits")
    ignoredClass = config.fields["ignore_class"]?.intValue
  }

  /// What `ignore_class` leaves (Keras 2.10 and later).
  func mask(
    truth: Value, values: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value? {
    guard let ignoredClass else { return nil }
    return try graph.apply(.compare(.notEqual), truth, graph.scalar(Double(ignoredClass)))
  }

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
