import KerasCore
import KerasGraph
import OrderedCollections

/// A layer whose kernel training divides by its largest singular value; at inference the layer itself.
///
/// The kernel as stored is the normalised one: each training step assigns it before it computes, and the gradient is that
/// of what was assigned.
public struct SpectralNormalization: Layer {
  public static let className = "SpectralNormalization"

  let inner: Sublayer
  let powerIterations: Int
  private let layerJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    let (layer, name, trainable) = try LayerRegistry.layer(layerJSON)
    inner = Sublayer(holder: "layer", name: name, layer: layer, trainable: trainable)
    powerIterations = try config.positiveInt("power_iterations", default: 1)
  }

  public var config: OrderedDictionary<String, JSON> {
    ["layer": layerJSON, "power_iterations": JSON(powerIterations)]
  }

  public var sublayers: [Sublayer] { [inner] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let specs = try inner.layer.weights(inputs)
    guard let kernel = specs.first(where: { ["kernel", "embeddings"].contains($0.key) }), let width = kernel.shape.last
    else { throw ModelError(.unsupported("SpectralNormalization around \(inner.layer.className)")) }
    return specs.map { spec in
      var held = spec.held(by: inner.holder)
      held.ownersTrainable = spec.ownersTrainable && inner.trainable
      return held
    } + [WeightSpec("vector_u", [1, width], trainable: false)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let saved = context.standIns
    defer { context.standIns = saved }
    // Where the power iteration stands; only stored.
    let start = try context.weight("vector_u")
    if context.isTraining { try normalize(from: start, &context) }
    let results = try context.inSublayer(inner, named: inner.name) { context throws(ModelError) in
      try context.apply(inner.layer, call)
    }
    return results.map { LayerTensor($0.value) }
  }

  private func normalize(from start: Value, _ context: inout LoweringContext) throws(ModelError) {
    guard let key = ["kernel", "embeddings"].map({ inner.holder + "/" + $0 }).first(where: { context.hasWeight($0) })
    else { throw ModelError(.unsupported("SpectralNormalization around \(inner.layer.className)")) }
    let kernel = try context.weight(key)
    let sizes = try context.shape(kernel).knownSizes()
    let matrix = try context.op(.reshape([.inferred, .fixed(sizes.last ?? 1)]), kernel)
    func unit(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let squares = try context.op(
        .reduce(.sum, axes: [0, 1], keepDimensions: true), context.op(.unary(.square), x))
      let bounded = try context.op(.binary(.maximum), squares, context.constant(1e-30))
      return try context.op(.binary(.multiply), x, context.op(.unary(.reciprocalSquareRoot), bounded))
    }
    var (u, v) = (start, start)
    for _ in 0..<powerIterations {
      v = try unit(context.op(.matmul(transposeA: false, transposeB: true), u, matrix), &context)
      u = try unit(context.op(.matmul(transposeA: false, transposeB: false), v, matrix), &context)
    }
    let product = try context.op(.matmul(transposeA: false, transposeB: false), v, matrix)
    let sigma = try context.op(.reshape([]), context.op(.matmul(transposeA: false, transposeB: true), product, u))
    // A kernel of zeros stays.
    let largest = try context.op(
      .reduce(.maximum, axes: Array(sizes.indices), keepDimensions: false), context.op(.unary(.absolute), kernel))
    let isSet = try context.op(.compare(.greater), largest, context.constant(0))
    let divisor = try context.op(.select, isSet, sigma, context.constant(1))
    let normalised = try context.op(.stopGradient, context.op(.binary(.divide), kernel, divisor))
    let next = try context.op(.stopGradient, context.op(.select, isSet, u, start))
    context.updates.append(VariableUpdate(parameter: context.parameterName(key), value: normalised))
    context.updates.append(VariableUpdate(parameter: context.parameterName("vector_u"), value: next))
    // The assigned value, with the gradient going to the variable.
    let difference = try context.op(.stopGradient, context.op(.binary(.subtract), normalised, kernel))
    context.standIns[context.parameterName(key)] = try context.op(.binary(.add), kernel, difference)
  }
}
