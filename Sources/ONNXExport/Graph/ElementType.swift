import KerasCore

/// Element types by the numbers of ONNX' `TensorProto.DataType`.
enum ElementType: Int {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16
  case float8 = 17

  /// The type of stored numbers.
  init(stored dtype: DType) {
    self =
      switch dtype {
      case .bool: .bool
      case .int8: .int8
      case .uint8: .uint8
      case .int16: .int16
      case .uint16: .uint16
      case .int32: .int32
      case .uint32: .uint32
      case .int64: .int64
      case .uint64: .uint64
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .float32: .float
      case .float64: .double
      case .string: .string
      }
  }

  /// The type that values of the op graph have in ONNX: floats are float, whole numbers int32.
  init(value dtype: DType) {
    self = dtype.isFloatingPoint ? .float : dtype.isInteger ? .int32 : ElementType(stored: dtype)
  }
}
