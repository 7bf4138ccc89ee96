import KerasCore
import KerasExport
import KerasGraph

/// How an operator wants a constant that the graph has as `spatial…, in, out`.
enum WeightLayout: Hashable {
  case asIs
  /// Axis i is the constant's axis `permutation[i]`, then in `shape` where that is another.
  case arranged(permutation: [Int], shape: [Int])
}

extension SubgraphBuilder {
  /// Writes a constant; weights are stored as the options ask, with an operator behind them that makes floats of them.
  ///
  /// Throws `ExportError` if its size is not that of its shape.
  func addWeight(
    _ data: TensorData, as dtype: DType, _ layout: WeightLayout, isWeight: Bool, name: String?, layer: String
  ) throws(ExportError) -> Tensor {
    do {
      let plain = try data.converted(to: dtype.isFloatingPoint ? .float32 : dtype.isInteger ? .int32 : dtype)
      let arranged = try plain.arranged(layout)
      guard isWeight, plain.dtype == .float32, plain.shape.count >= 2 else {
        return addConstant(arranged.bytes, shape: arranged.shape, plain.dtype, name: name)
      }
      let result = TensorType(.float32, Shape(arranged.shape))
      switch model.weightFormat {
      case .float32: return addConstant(arranged.bytes, shape: arranged.shape, .float32, name: name)
      case .float16:
        let half = try arranged.converted(to: .float16)
        let stored = addConstant(half.bytes, shape: half.shape, .float16, stored: .float16, name: name)
        return add(.dequantize, [stored], result)
      case .bfloat16:
        let half = try arranged.converted(to: .bfloat16)
        let stored = addConstant(half.bytes, shape: half.shape, .bfloat16, stored: .bfloat16, name: name)
        return add(.cast, [stored], result, .cast(from: .bfloat16, to: .float32))
      case .int8:
        let quantized = try QuantizedArray(plain)
        let values = try quantized.values.withUnsafeBytes {
          try TensorData(dtype: .int8, shape: plain.shape, bytes: Array($0))
        }
        let stored = try values.arranged(layout)
        let axis = plain.axisOfScales(layout, stored.shape)
        let quantization = FlatTable(
          (2, .floats(quantized.scales)), (3, .int64s([Int64](repeating: 0, count: quantized.scales.count))),
          (6, .int32(Int32(clamping: axis))))
        let tensor = addConstant(
          stored.bytes, shape: stored.shape, .int8, stored: .int8, quantization: quantization, name: name)
        return add(.dequantize, [tensor], result)
      }
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError(.malformed("a weight: \(error)"), layer: layer)
    }
  }
}

extension TensorData {
  fileprivate func arranged(_ layout: WeightLayout) throws(TensorDataError) -> TensorData {
    guard case .arranged(let permutation, let target) = layout else { return self }
    let moved = permutation == Array(permutation.indices) ? self : try transposed(permutation)
    return try moved.reshaped(target)
  }

  /// Where the last axis, whose entries have a scale each, is in the stored array.
  fileprivate func axisOfScales(_ layout: WeightLayout, _ stored: [Int]) -> Int {
    guard case .arranged(let permutation, _) = layout else { return shape.count - 1 }
    let axis = permutation.firstIndex(of: shape.count - 1) ?? 0
    // Axes of one element are all that a layout adds: counted from the end if the scales come last.
    return axis == permutation.count - 1 ? stored.count - 1 : axis
  }
}
