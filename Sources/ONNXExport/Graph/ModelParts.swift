import Foundation
import KerasCore
import KerasExport

/// What all graphs of one model share: its initializers, names that nothing else has, the opset.
final class ModelParts {
  let opset: Opset
  let weightFormat: ExportOptions.WeightFormat
  private(set) var initializers: [ONNXTensorProto] = []
  /// Whether an operation of `ai.onnx.ml` is used.
  var usesMachineLearning = false
  var notes: [ExportNote] = []

  private var tensorNames: Set<String>
  private var nodeNames: Set<String> = []
  private var known: [TensorData: String] = [:]

  /// `reserved` are names of tensors that are given already.
  init(opset: Opset, weightFormat: ExportOptions.WeightFormat, reserved: [String]) {
    (self.opset, self.weightFormat, tensorNames) = (opset, weightFormat, Set(reserved))
  }

  func tensorName(_ wish: String) -> String { Self.unique(wish, &tensorNames) }
  func nodeName(_ wish: String) -> String { Self.unique(wish, &nodeNames) }

  private static func unique(_ wish: String, _ taken: inout Set<String>) -> String {
    var (name, number) = (wish, 1)
    while !taken.insert(name).inserted {
      name = "\(wish)_\(number)"
      number += 1
    }
    return name
  }

  /// Adds an array; the result is its name.
  func initializer(_ data: TensorData, _ wish: String) -> String {
    var proto = ONNXTensorProto()
    proto.name = tensorName(wish)
    proto.dims = data.shape.map { Int64($0) }
    proto.dataType = Int32(ElementType(stored: data.dtype).rawValue)
    if data.dtype == .string {
      proto.stringData = data.strings.map { Data($0.utf8) }
    } else {
      proto.rawData = Data(data.bytes)
    }
    initializers.append(proto)
    return proto.name
  }

  /// A small array that may serve several nodes.
  func shared(_ data: TensorData, _ kind: String) -> String {
    if let name = known[data] { return name }
    let name = initializer(data, "\(kind)/\(known.count)")
    known[data] = name
    return name
  }
}
