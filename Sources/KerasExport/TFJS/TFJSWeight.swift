import KerasCore

/// An array as TensorFlow.js stores it: float32, int32 or bool, or quantized over the whole array.
///
/// Quantization is the converter's own (tensorflowjs 4.22, `quantization.py`): float16, or eight bits between the least
/// and the greatest number, moved so that zero stays zero. Readers make float32 of it as they load.
struct TFJSWeight {
  let bytes: [UInt8]
  private let dtype: String
  private let shape: [Int]
  private let quantization: JSON?

  /// Throws `ExportError` for an element type or format that TensorFlow.js does not have.
  init(_ tensor: TensorData, format: ExportOptions.WeightFormat, name: String) throws(ExportError) {
    shape = tensor.shape
    do {
      guard tensor.dtype.isFloatingPoint else {
        guard tensor.dtype.isInteger || tensor.dtype == .bool else {
          throw ExportError(.notExpressible(what: "the array '\(name)'", reason: "it holds \(tensor.dtype.rawValue)"))
        }
        dtype = tensor.dtype == .bool ? "bool" : "int32"
        bytes = tensor.dtype == .bool ? tensor.bytes : try tensor.converted(to: .int32).bytes
        quantization = nil
        return
      }
      dtype = "float32"
      switch format {
      case .float32:
        (bytes, quantization) = (try tensor.converted(to: .float32).bytes, nil)
      case .float16:
        bytes = try tensor.converted(to: .float16).bytes
        quantization = ["dtype": "float16", "original_dtype": "float32"]
      case .int8 where format.applies(to: tensor):
        let grid = Grid(try tensor.floats())
        bytes = grid.steps
        quantization = [
          "dtype": "uint8", "min": .number(grid.least), "scale": .number(grid.scale), "original_dtype": "float32",
        ]
      case .int8:
        (bytes, quantization) = (try tensor.converted(to: .float32).bytes, nil)
      case .bfloat16:
        throw ExportError(.notExpressible(what: "weights in bfloat16", reason: "TensorFlow.js reads float16 and uint8"))
      }
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError(.malformed("the weight \(name): \(error)"))
    }
  }

  /// Its line in the manifest.
  func entry(_ name: String) -> JSON {
    var entry: JSON = ["name": .string(name), "shape": JSON(shape), "dtype": .string(dtype)]
    if let quantization { entry["quantization"] = quantization }
    return entry
  }

  /// The array as a reader has it after eight bits.
  static func rounded(_ tensor: TensorData) throws(TensorDataError) -> TensorData {
    let grid = Grid(try tensor.floats())
    return try TensorData(
      shape: tensor.shape, floats: grid.steps.map { Float(Double($0) * grid.scale + grid.least) })
  }

  /// Numbers as steps from the least one.
  private struct Grid {
    let steps: [UInt8]
    let least: Double
    let scale: Double

    init(_ numbers: [Float]) {
      let finite = numbers.filter(\.isFinite).map { Double($0) }
      let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
      guard high > low else {
        (steps, least, scale) = ([UInt8](repeating: 0, count: numbers.count), low, 1)
        return
      }
      let scale = (high - low) / 255
      let least = low <= 0 && high >= 0 ? -((0 - low) / scale).rounded(.toNearestOrEven) * scale : low
      steps = numbers.map { number in
        let step = ((number.isFinite ? Double(number) : 0) - least) / scale
        return UInt8(max(0, min(255, step.rounded(.toNearestOrEven))))
      }
      (self.least, self.scale) = (least, scale)
    }
  }
}
