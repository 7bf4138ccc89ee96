import KerasCore
import KerasExport
import SwiftPackageRuntime

/// The arrays that a package's code reads from its weights, and the code that reads them.
struct WeightStore {
  /// Declarations of the properties, and the statements that set them.
  private(set) var declarations: [String] = []
  private(set) var statements: [String] = []
  private(set) var bytes: [UInt8] = []
  private let format: ExportOptions.WeightFormat
  private var names = SwiftNames()

  init(format: ExportOptions.WeightFormat) { self.format = format }

  /// Adds an array under a name that is made of a wish; `isParameter` is one of the model's own, to be stored in the
  /// format that was asked for.
  mutating func add(_ array: TensorData, wish: String, isParameter: Bool) throws(TensorDataError) -> String {
    let name = names.unique(wish)
    let (offset, shape) = (bytes.count, array.shape)
    let (type, reader): (String, String)
    switch array.dtype {
    case .bool:
      (type, reader) = ("Bool", "bools")
      bytes += try array.doubles().map { $0 == 0 ? 0 : 1 }
    case _ where array.dtype.isInteger:
      (type, reader) = ("Int32", "int32s")
      bytes += try array.converted(to: .int32).bytes
    default:
      type = "Float"
      switch isParameter && format.applies(to: array) ? format : .float32 {
      case .float32:
        reader = "floats"
        bytes += try array.converted(to: .float32).bytes
      case .float16:
        reader = "float16s"
        bytes += try array.converted(to: .float16).bytes
      case .bfloat16:
        reader = "bfloat16s"
        bytes += try array.converted(to: .bfloat16).bytes
      case .int8:
        reader = "int8s"
        let quantized = try QuantizedArray(array)
        bytes += try TensorData(shape: [quantized.scales.count], floats: quantized.scales).bytes
        bytes += quantized.values.map { UInt8(bitPattern: $0) }
      }
    }
    declarations.append("let \(name): Tensor<\(type)>")
    statements.append("\(name) = file.\(reader)(at: \(offset), \(shape))")
    return name
  }

  /// What the package's code compares the weights with.
  var checksum: UInt64 { weightChecksum(bytes) }
}
