import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// A vector of int64.
  func ints(_ values: [Int]) -> String {
    // The shape is the values' own: it cannot mismatch.
    guard let data = try? TensorData(shape: [values.count], int64s: values.map { Int64($0) }) else { return "" }
    return parts.shared(data, "sizes")
  }

  /// A single int64.
  func int(_ value: Int) -> String {
    guard let data = try? TensorData(shape: [], int64s: [Int64(value)]) else { return "" }
    return parts.shared(data, "sizes")
  }

  /// A single number of a type that values have: float or int32, or a bool.
  func number(_ value: Double, _ type: ElementType = .float) -> String {
    let dtype: DType = type == .int32 ? .int32 : type == .bool ? .bool : type == .int64 ? .int64 : .float32
    guard let data = try? TensorData(shape: [], doubles: [value]).converted(to: dtype) else { return "" }
    return parts.shared(data, "numbers")
  }

  /// Stores an array in the order of axes given, after so many axes of size 1, in the format that weights are stored in.
  ///
  /// Constants that are no parameters are always stored as they are.
  func stored(
    _ data: TensorData, _ wish: String, _ layout: Layout, leadingOnes: Int = 0, isParameter: Bool
  ) throws -> String {
    func moved(_ array: TensorData) throws -> TensorData {
      let transposed = try array.transposed(layout.axes)
      return try transposed.reshaped([Int](repeating: 1, count: leadingOnes) + transposed.shape)
    }
    let format = parts.weightFormat
    guard format != .float32, isParameter, format.applies(to: data) else {
      return parts.initializer(try moved(data), wish)
    }
    switch format {
    case .float32: return parts.initializer(try moved(data), wish)
    case .float16, .bfloat16:
      let largest = format == .float16 ? Float(65504) : .greatestFiniteMagnitude
      let narrow = try data.converted(to: format == .float16 ? .float16 : .bfloat16)
      // What the narrow type does not reach would become infinite.
      guard try data.floats().allSatisfy({ !$0.isFinite || $0.magnitude <= largest }) else {
        return parts.initializer(try moved(data), wish)
      }
      return cast(parts.initializer(try moved(narrow), "\(wish)/\(narrow.dtype.rawValue)"), to: .float)
    case .int8:
      let quantized = try QuantizedArray(data)
      let bytes = quantized.values.map { UInt8(bitPattern: $0) }
      let values = try TensorData(dtype: .int8, shape: quantized.shape, bytes: bytes)
      // Not DequantizeLinear: ONNX Runtime makes it and a product one operation that rounds the data too.
      var shape = [Int](repeating: 1, count: leadingOnes + data.shape.count)
      shape[leadingOnes + layout.position(of: data.shape.count - 1)] = quantized.scales.count
      let scales = try TensorData(shape: shape, floats: quantized.scales)
      let whole = cast(parts.initializer(try moved(values), "\(wish)/int8"), to: .float)
      return node("Mul", [whole, parts.initializer(scales, "\(wish)/scales")])
    }
  }
}
