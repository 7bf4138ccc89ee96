import KerasCore
import OrderedCollections

/// The place where a model receives a tensor: `batch_shape` with the batch first, and the element type.
public struct InputLayer: Layer {
  public static let className = "InputLayer"

  public let batchShape: Shape
  /// The type as Keras names it; the graph knows float32, int32, bool and string.
  public let dtypeName: String
  let sparse: Bool
  let ragged: Bool
  let optional: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let value = config.has("batch_shape") ? config.json("batch_shape") : config.json("shape")
    guard let list = value.arrayValue else { throw config.wrong("batch_shape", "a list of sizes", value) }
    var dimensions: [Int?] = []
    for entry in list {
      let size = entry.intValue
      guard entry.isNull || size.map({ $0 >= 0 && $0 <= ConfigReader.largestSize }) == true else {
        throw config.wrong("batch_shape", "sizes that are null or not negative", value)
      }
      dimensions.append(size)
    }
    batchShape = Shape(dimensions)
    dtypeName = config.json("dtype").stringValue ?? "float32"
    sparse = try config.bool("sparse", default: false)
    ragged = try config.bool("ragged", default: false)
    optional = try config.bool("optional", default: false)
  }

  /// The graph's type for the declared one; throws `.unsupported` for complex numbers.
  public func dtype() throws(ModelError) -> DType {
    switch DType(rawValue: dtypeName) {
    case .string?: .string
    case .bool?: .bool
    case let dtype? where dtype.isInteger: .int32
    case _?: .float32
    // A policy such as mixed_float16 has a float input.
    case nil where dtypeName.contains("float"): .float32
    case nil: throw ModelError(.unsupported("inputs of type \(dtypeName)"))
    }
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "batch_shape": JSON(batchShape), "sparse": .bool(sparse), "ragged": .bool(ragged), "optional": .bool(optional),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    [try call.single()]
  }
}
