import KerasCore
import KerasExport
import KerasGraph

/// What all blocks of one program share: constants, weights, names that nothing else has.
final class ProgramParts {
  let weightFormat: ExportOptions.WeightFormat
  var names = ProgramNames()
  /// Operations that make constants; they stand before all others, so that loops see them too.
  private(set) var constants: [CoreMLOperation] = []
  private(set) var weights = WeightFile()
  /// Whether an operation is used that came with iOS 16.
  private(set) var needsStoredTypes = false
  /// A result with more axes than Core ML has, if there is one.
  var oversized: Shape?
  var notes: [ExportNote] = []

  private var known: [TensorData: Tensor] = [:]
  private var knownTexts: [String: String] = [:]

  /// Core ML's tensors have at most so many axes.
  static let rankLimit = 5
  /// Smaller arrays stand in the program itself, as coremltools writes them.
  private static let smallestBlob = 10
  /// Arrays up to this size are looked up, so that equal ones are stored once.
  private static let sharedBytes = 4096

  init(weightFormat: ExportOptions.WeightFormat) { self.weightFormat = weightFormat }

  /// Adds an array; small ones that are equal are the same tensor.
  func constant(_ data: TensorData, _ wish: String) throws(TensorDataError) -> Tensor {
    let isShared = data.bytes.count <= Self.sharedBytes
    if isShared, let tensor = known[data] { return tensor }
    let tensor = Tensor(name: names.name(wish), type: TensorType(data.dtype, Shape(data.shape)))
    add("const", tensor, [("val", try value(data))])
    if isShared { known[data] = tensor }
    return tensor
  }

  /// The name of a constant text.
  func text(_ text: String) -> String {
    if let name = knownTexts[text] { return name }
    let tensor = Tensor(name: names.name("text_\(text)"), type: TensorType(.string, .scalar))
    add("const", tensor, [("val", CoreMLValue(text))])
    knownTexts[text] = tensor.name
    return tensor.name
  }

  /// An array of float16 that is read as float32.
  func widened(_ data: TensorData, _ wish: String) throws(TensorDataError) -> Tensor {
    let tensor = Tensor(name: names.name(wish), type: TensorType(.float32, Shape(data.shape)))
    needsStoredTypes = true
    add("constexpr_cast", tensor, [("source_val", try value(data)), ("output_dtype", CoreMLValue("fp32"))])
    return tensor
  }

  /// An array of int8 that is read as float32, with a scale for each entry of an axis.
  func scaled(_ data: TensorData, _ scales: [Float], axis: Int, _ wish: String) throws(TensorDataError) -> Tensor {
    let tensor = Tensor(name: names.name(wish), type: TensorType(.float32, Shape(data.shape)))
    needsStoredTypes = true
    let zero = try TensorData(dtype: .int8, shape: [], bytes: [0])
    add(
      "constexpr_affine_dequantize", tensor,
      [
        ("quantized_data", try value(data)), ("zero_point", try value(zero)),
        ("scale", try value(TensorData(shape: [scales.count], floats: scales))),
        ("axis", try value(TensorData(shape: [], int32s: [Int32(clamping: axis)]))),
      ])
    return tensor
  }

  private func value(_ data: TensorData) throws(TensorDataError) -> CoreMLValue {
    let isStored = [.float32, .float16, .int8].contains(data.dtype) && data.elementCount >= Self.smallestBlob
    guard isStored else { return try CoreMLValue(data) }
    return CoreMLValue(TensorType(data.dtype, Shape(data.shape)), at: weights.append(data))
  }

  private func add(_ type: String, _ result: Tensor, _ attributes: [(String, CoreMLValue)]) {
    var operation = CoreMLOperation()
    operation.type = type
    operation.outputs = [CoreMLNamedValueType(result)]
    operation.attributes["name"] = CoreMLValue(result.name)
    for (name, value) in attributes { operation.attributes[name] = value }
    constants.append(operation)
  }
}
