import KerasCore
import KerasGraph
import OrderedCollections

/// activation(x·W + b + Σ inner(h[t − k]·U_k)) over the last `depth` steps (Keras 0.1 and 0.2).
///
/// A step that is masked, or lies before the first, adds nothing.
public struct SimpleDeepRNN: Layer {
  public static let className = "SimpleDeepRNN"

  private let units: Int
  private let depth: Int
  private let activation: ActivationFunction
  private let recurrentActivation: ActivationFunction
  private let kernel: JSON
  private let recurrentKernel: JSON
  private let returnSequences: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    units = try config.positiveInt("units")
    depth = try config.positiveInt("depth", default: 3)
    guard depth <= 256 else { throw config.wrong("depth", "at most 256 steps", JSON(depth)) }
    activation = try config.activation("activation")
    recurrentActivation = try config.activation("recurrent_activation")
    kernel = config.json("kernel_initializer")
    recurrentKernel = config.json("recurrent_initializer")
    returnSequences = try config.bool("return_sequences", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "units": JSON(units), "depth": JSON(depth), "activation": activation.json,
      "recurrent_activation": recurrentActivation.json, "kernel_initializer": kernel,
      "recurrent_initializer": recurrentKernel, "return_sequences": .bool(returnSequences),
    ]
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    try input.expectRank(3)
    let recurrent = (1...depth).map { WeightSpec("U_\($0)", [units, units], initializer: recurrentKernel) }
    return [WeightSpec("W", [try input.known(axis: 2), units], initializer: kernel)] + recurrent
      + [WeightSpec("b", [units])]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    let x = try context.cast(input.value, to: .float32)
    let product = try context.op(.matmul(transposeA: false, transposeB: false), x, context.weight("W"))
    let projected = try context.op(.binary(.add), product, context.weight("b"))
    var steps: [Value] = []
    for position in 0..<(try UnrolledRecurrence.stepCount(of: context.shape(x))) {
      var sum = try context.step(projected, position)
      for lag in 1...depth {
        // Keras' weights of steps before the first are used nowhere, yet belong to the layer.
        let matrix = try context.weight("U_\(lag)")
        guard lag <= position else { continue }
        let fed = try context.op(.matmul(transposeA: false, transposeB: false), steps[position - lag], matrix)
        var term = try recurrentActivation.apply(fed, &context)
        if let mask = input.mask {
          let isKept = try context.stepMask(mask, position - lag, rank: 2)
          term = try context.op(.select, isKept, term, context.constant(0))
        }
        sum = try context.op(.binary(.add), sum, term)
      }
      steps.append(try activation.apply(sum, &context))
    }
    if !returnSequences { return [LayerTensor(steps[steps.count - 1])] }
    var rows: [Value] = []
    for step in steps { rows.append(try context.expanded(step, axis: 1)) }
    let sequence = rows.count == 1 ? rows[0] : try context.ops(.concatenate(axis: 1), rows)[0]
    return [LayerTensor(sequence, mask: input.mask)]
  }
}
