import KerasCore

/// Element types by the numbers of TensorFlow's `DataType`.
enum ElementType: Int32 {
  case float = 1
  case double = 2
  case int32 = 3
  case uint8 = 4
  case int16 = 5
  case int8 = 6
  case string = 7
  case int64 = 9
  case bool = 10
  case bfloat16 = 14
  case uint16 = 17
  case half = 19
  case resource = 20
  case variant = 21
  case uint32 = 22
  case uint64 = 23
  /// `DT_FLOAT8_E4M3FN`.
  case float8 = 25

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
      case .float16: .half
      case .bfloat16: .bfloat16
      case .float32: .float
      case .float64: .double
      case .string: .string
      }
  }

  /// The type that values of the op graph have in TensorFlow: floats are float, whole numbers int32.
  init(value dtype: DType) {
    self = dtype.isFloatingPoint ? .float : dtype.isInteger ? .int32 : ElementType(stored: dtype)
  }
}
