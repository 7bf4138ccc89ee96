extension Op {
  /// The operation's name for messages and profiles, without its attributes, except which function it is.
  public var name: String {
    switch self {
    case .input: "input"
    case .parameter: "parameter"
    case .constant: "constant"
    case .unary(let function): function.name
    case .binary(let function): "\(function)"
    case .compare(let comparison): "\(comparison)"
    case .select: "select"
    case .cast: "cast"
    case .matmul: "matmul"
    case .convolution: "convolution"
    case .convolutionInputGradient: "convolutionInputGradient"
    case .convolutionKernelGradient: "convolutionKernelGradient"
    case .pool: "pool"
    case .poolGradient: "poolGradient"
    case .reduce(let reduction, _, _): "reduce \(reduction)"
    case .argMax: "argMax"
    case .softmax: "softmax"
    case .logSoftmax: "logSoftmax"
    case .softmaxGradient: "softmaxGradient"
    case .cumulativeSum: "cumulativeSum"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .broadcast: "broadcast"
    case .concatenate: "concatenate"
    case .slice: "slice"
    case .sliceGradient: "sliceGradient"
    case .pad: "pad"
    case .reverse: "reverse"
    case .gatherRows: "gatherRows"
    case .scatterAddRows: "scatterAddRows"
    case .iota: "iota"
    case .dimension: "dimension"
    case .random: "random"
    case .lookup: "lookup"
    case .hash: "hash"
    case .cross: "cross"
    case .encodeText: "encodeText"
    case .recurrence: "recurrence"
    case .recurrenceGradient: "recurrenceGradient"
    case .custom(let function): function.name
    case .customGradient(let function): "\(function.name) gradient"
    case .stopGradient: "stopGradient"
    }
  }
}

extension Unary {
  /// The function's name without its constants.
  public var name: String {
    switch self {
    case .elu: "elu"
    case .leakyRelu: "leakyRelu"
    case .clip: "clip"
    case .hardSigmoid: "hardSigmoid"
    case .gelu: "gelu"
    case .rounded: "rounded"
    default: "\(self)"
    }
  }
}
