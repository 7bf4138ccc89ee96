import KerasCore
import KerasGraph
import OrderedCollections

/// The sum of products of two inputs over the named axes; with `normalize`, of their unit vectors along those axes.
///
/// Before Keras 2.3 on TensorFlow, `K.batch_dot` made a product of matrices of inputs with more than three axes.
public struct Dot: Layer {
  public static let className = "Dot"

  let axes: ContractedAxes
  let normalize: Bool
  private let multipliesMatrices: Bool

  public static let matricesField = "keraskit>multiplies_matrices"
  static let matricesRule = "dot-matrices"

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axes = try ContractedAxes(&config)
    normalize = try config.bool("normalize", default: false)
    multipliesMatrices = try config.bool(Self.matricesField, default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["axes": axes.json, "normalize": .bool(normalize)]
    if multipliesMatrices { fields[Self.matricesField] = true }
    return fields
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard call.inputs.count == 2 else { throw ModelError(.inputCount(expected: "2 inputs", found: call.inputs.count)) }
    var operands = call.inputs.map(\.value)
    if normalize {
      for (index, own) in [axes.first, axes.second].enumerated() {
        var resolved: [Int] = []
        for axis in own { resolved.append(try context.shape(operands[index]).axis(axis)) }
        let squares = try context.op(.unary(.square), operands[index])
        let sum = try context.op(.reduce(.sum, axes: resolved.sorted(), keepDimensions: true), squares)
        let norm = try context.op(
          .unary(.reciprocalSquareRoot), context.op(.binary(.maximum), sum, context.constant(1e-12)))
        operands[index] = try context.op(.binary(.multiply), operands[index], norm)
      }
    }
    let ranks = operands.map { context.shape($0).rank }
    if multipliesMatrices, let most = ranks.max(), most > 3, axes.first.count == 1, axes.second.count == 1 {
      // Dot.call counts axes from the front before it hands them on.
      let resolved = [
        try context.shape(operands[0]).axis(axes.first[0]), try context.shape(operands[1]).axis(axes.second[0]),
      ]
      return [LayerTensor(try BackendFunction.batchMatmul(operands[0], operands[1], axes: resolved, &context))]
    }
    return [LayerTensor(try axes.contract(operands[0], operands[1], &context))]
  }
}
