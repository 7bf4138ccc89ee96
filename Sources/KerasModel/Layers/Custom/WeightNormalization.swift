import KerasCore
import KerasGraph
import OrderedCollections

/// A layer whose kernel is g · v / ‖v‖, with a length for each output channel.
///
/// Source: tensorflow-addons 0.23, layers/wrappers.py. Before its first call in training the length is that of the kernel.
public struct WeightNormalization: Layer {
  public static let className = "keraskit>WeightNormalization"

  private let inner: any Layer
  private let layerJSON: JSON
  /// Whether a copy of the layer, of which only the first call makes use, is stored beside it.
  private let hasCopy: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    inner = try LayerRegistry.layer(layerJSON).layer
    hasCopy = try config.bool("data_init", default: true)
  }

  public var config: OrderedDictionary<String, JSON> { ["layer": layerJSON, "data_init": .bool(hasCopy)] }

  public var activityRegularizer: Regularizer? { inner.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let specs = try inner.weights(inputs)
    guard let width = specs.first(where: { $0.key == "kernel" })?.shape.last, inner.sublayers.isEmpty else {
      throw ModelError(.unsupported("WeightNormalization around \(inner.className), which has no kernel of its own"))
    }
    var all = [WeightSpec("g", [width], initializer: "ones")] + specs
    all.append(WeightSpec("initialized", [], trainable: false, initializer: "zeros"))
    if hasCopy {
      all += specs.map {
        WeightSpec($0.role, $0.shape, holder: "data_dep_init", trainable: false, initializer: "zeros")
      }
    }
    return all
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let kernel = try context.weight("kernel")
    let axes = Array(0..<context.shape(kernel).rank - 1)
    let squares = try context.op(
      .reduce(.sum, axes: axes, keepDimensions: false), context.op(.unary(.square), kernel))
    let length = try context.op(
      .unary(.squareRoot), context.op(.binary(.maximum), squares, context.constant(1e-12)))
    let isSet = try context.op(.compare(.greater), context.weight("initialized"), context.constant(0.5))
    let wanted = try context.op(.select, isSet, context.weight("g"), length)
    let scale = try context.op(.binary(.divide), wanted, length)
    if hasCopy {
      for key in ["kernel", "bias"] where context.hasWeight("data_dep_init/" + key) {
        _ = try context.weight("data_dep_init/" + key)
      }
    }
    let saved = context.standIns
    defer { context.standIns = saved }
    context.standIns[context.parameterName("kernel")] = try context.op(.binary(.multiply), kernel, scale)
    return try inner.lower(call, &context)
  }
}
