import KerasCore
import KerasGraph
import OrderedCollections

/// (x − mean) / √variance per element of the kept axes `axis`; with `invert`, back again.
///
/// Mean and variance stand in the config or, after `adapt`, among the weights.
public struct Normalization: Layer {
  public static let className = "Normalization"

  let axis: AxisList
  let invert: Bool
  private let mean: JSON
  private let variance: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try AxisList(&config)
    invert = try config.bool("invert", default: false)
    mean = config.json("mean")
    variance = config.json("variance")
    guard mean.isNull == variance.isNull else { throw config.wrong("variance", "a value for each mean", variance) }
    _ = try (Self.tensor(mean, "mean"), Self.tensor(variance, "variance"))
  }

  public var config: OrderedDictionary<String, JSON> {
    ["axis": axis.json, "invert": .bool(invert), "mean": mean, "variance": variance]
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard mean.isNull else { return [] }
    let sizes = try axis.sizes(single(inputs))
    return [
      WeightSpec("mean", sizes, trainable: false), WeightSpec("variance", sizes, trainable: false),
      WeightSpec("count", [], trainable: false),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let x = try context.cast(x, to: .float32)
      var mean: Value
      var variance: Value
      if self.mean.isNull {
        mean = try context.weight("mean")
        variance = try context.weight("variance")
        // How many samples were seen; only stored.
        _ = try context.weight("count")
      } else {
        mean = context.constant(try Self.tensor(self.mean, "mean"))
        variance = context.constant(try Self.tensor(self.variance, "variance"))
      }
      mean = try placed(mean, x, &context)
      variance = try placed(variance, x, &context)
      let deviation = try context.op(
        .binary(.maximum), context.op(.unary(.squareRoot), variance), context.constant(1e-7))
      if invert {
        return try context.op(.binary(.add), mean, context.op(.binary(.multiply), x, deviation))
      }
      return try context.op(.binary(.divide), context.op(.binary(.subtract), x, mean), deviation)
    }
  }

  /// The statistic with axes of one where the layer keeps none; fewer axes than kept stand for the last ones.
  private func placed(_ value: Value, _ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let kept = try axis.resolved(context.shape(x))
    let sizes = context.dimensions(of: value)
    guard sizes.count <= kept.count else {
      throw ModelError(.inputShape(expected: "at most \(kept.count) axes in 'mean'", found: context.shape(value)))
    }
    var target = [TargetDimension](repeating: .fixed(1), count: context.shape(x).rank)
    for (axis, size) in zip(kept.suffix(sizes.count), sizes) { target[axis] = size }
    return try context.op(.reshape(target), value)
  }

  /// A number, a list of numbers, a list of lists … or a serialized numpy array.
  private static func tensor(_ value: JSON, _ field: String) throws(ModelError) -> TensorData {
    var shape: [Int] = []
    var elements = [value["config"]?["value"] ?? value]
    while let first = elements.first?.arrayValue {
      shape.append(first.count)
      var inner: [JSON] = []
      for element in elements {
        guard let list = element.arrayValue, list.count == first.count else { throw invalid(value, field) }
        inner += list
      }
      elements = inner
    }
    if value.isNull { return TensorData(0) }
    let numbers = elements.compactMap(\.doubleValue)
    guard numbers.count == elements.count,
      let data = try? TensorData(shape: shape, floats: numbers.map { Float($0) })
    else { throw invalid(value, field) }
    return data
  }

  private static func invalid(_ value: JSON, _ field: String) -> ModelError {
    ModelError(.invalidField(field, expected: "a number or lists of numbers", found: value))
  }
}
