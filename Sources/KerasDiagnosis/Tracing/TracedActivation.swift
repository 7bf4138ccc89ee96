import KerasGraph

/// An activation as it stands in the graph.
enum TracedActivation: Sendable, Hashable {
  case sigmoid, tanh, relu
  /// clip(scale·x + offset, 0, 1), by the definition of the file's era.
  case hardSigmoid(scale: Float, offset: Float)
  /// relu6, hard_tanh.
  case clip(minimum: Float, maximum: Float)
  case softmax(axis: Int)
  /// Without tails that are flat.
  case other(String)

  init?(_ op: Op) {
    switch op {
    case .softmax(let axis): self = .softmax(axis: axis)
    case .unary(let function):
      switch function {
      case .sigmoid: self = .sigmoid
      case .tanh: self = .tanh
      case .relu: self = .relu
      case .hardSigmoid(let scale, let offset): self = .hardSigmoid(scale: scale, offset: offset)
      case .clip(let minimum, let maximum): self = .clip(minimum: minimum, maximum: maximum)
      case .elu: self = .other("elu")
      case .leakyRelu: self = .other("leaky_relu")
      case .gelu: self = .other("gelu")
      case .silu: self = .other("silu")
      case .softplus: self = .other("softplus")
      case .exponential: self = .other("exponential")
      default: return nil
      }
    default: return nil
    }
  }

  /// What an output must be beyond to count as saturated.
  struct OutputTails {
    var isLow: (Float) -> Bool
    var isHigh: (Float) -> Bool
  }

  var name: String {
    switch self {
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .relu: "relu"
    case .hardSigmoid: "hard_sigmoid"
    case .clip(0, 6): "relu6"
    case .clip(-1, 1): "hard_tanh"
    case .clip(let minimum, let maximum): "clip(\(minimum), \(maximum))"
    case .softmax: "softmax"
    case .other(let name): name
    }
  }

  var outputTails: OutputTails? {
    switch self {
    case .sigmoid: OutputTails(isLow: { $0 < 0.01 }, isHigh: { $0 > 0.99 })
    case .tanh: OutputTails(isLow: { $0 < -0.99 }, isHigh: { $0 > 0.99 })
    case .relu: OutputTails(isLow: { $0 == 0 }, isHigh: { _ in false })
    case .hardSigmoid: OutputTails(isLow: { $0 <= 0 }, isHigh: { $0 >= 1 })
    case .clip(let minimum, let maximum): OutputTails(isLow: { $0 <= minimum }, isHigh: { $0 >= maximum })
    case .softmax, .other: nil
    }
  }

  /// Between which pre-activations the function is not saturated, where large ones of either sign are.
  var openRange: ClosedRange<Double>? {
    switch self {
    // logit 0.99 and artanh 0.99.
    case .sigmoid: -4.59512...4.59512
    case .tanh: -2.64665...2.64665
    case .hardSigmoid(let scale, let offset) where scale > 0:
      (-Double(offset) / Double(scale))...((1 - Double(offset)) / Double(scale))
    case .clip(let minimum, let maximum) where minimum < 0: Double(minimum)...Double(maximum)
    default: nil
    }
  }

  /// Whether outputs of small magnitude are those of small pre-activations, so that a penalty on outputs opens both tails.
  var isOdd: Bool {
    switch self {
    case .tanh: true
    case .clip(let minimum, let maximum): minimum == -maximum
    default: false
    }
  }
}
