import KerasCore
import KerasGraph
import OrderedCollections

/// The number of the bin each element falls into: how many of `bin_boundaries` do not exceed it.
public struct Discretization: Layer {
  public static let className = "Discretization"

  let boundaries: [Double]
  let encoding: CategoricalEncoding
  private let binCount: JSON
  private let epsilon: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let list = config.json("bin_boundaries")
    binCount = config.json("num_bins")
    guard let numbers = list.arrayValue?.compactMap(\.doubleValue), numbers.count == list.arrayValue?.count else {
      if list.isNull { throw ModelError(.unsupported("a Discretization whose config states no bin_boundaries")) }
      throw config.wrong("bin_boundaries", "a list of numbers", list)
    }
    boundaries = numbers
    epsilon = try config.double("epsilon", default: 0.01)
    let mode = try config.choice("output_mode", CategoricalEncoding.allCases.map(\.rawValue), default: "int")
    encoding = CategoricalEncoding(rawValue: mode) ?? .int
    guard config.json("sparse") != true else { throw ModelError(.unsupported("a sparse output")) }
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "bin_boundaries": .array(boundaries.map { .number($0) }), "num_bins": binCount, "epsilon": .number(epsilon),
      "output_mode": .string(encoding.rawValue), "sparse": false,
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let rank = context.shape(x).rank
      guard let limits = try? TensorData(shape: [boundaries.count], floats: boundaries.map { Float($0) }) else {
        throw ModelError(.unsupported("\(boundaries.count) bin boundaries"))
      }
      let column = try context.expanded(context.cast(x, to: .float32), axis: rank)
      let passed = try context.op(.compare(.greaterOrEqual), column, context.constant(limits))
      let bins = try context.op(
        .reduce(.sum, axes: [rank], keepDimensions: false), context.cast(passed, to: .float32))
      return try encoding.encode(bins, depth: boundaries.count + 1, &context)
    }
  }
}
