import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import PackedFixtures
import SwiftProtobuf

@testable import CoreMLExport

/// A model written as a Core ML package and read back.
struct PackageFixture {
  let proto: CoreMLModel
  let manifest: JSON
  let weights: [UInt8]
  let notes: [ExportNote]

  init(_ model: LoadedModel, _ options: ExportOptions = ExportOptions()) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "keraskit-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    notes = try CoreMLExporter().export(model, to: folder + "/m.mlpackage", options: options)
    func bytes(_ name: String) throws -> [UInt8] {
      Array(try Data(contentsOf: URL(filePath: "\(folder)/m.mlpackage/\(name)")))
    }
    manifest = try JSON(parsing: try bytes("Manifest.json"))
    weights = try bytes("Data/com.apple.CoreML/weights/weight.bin")
    proto = try CoreMLModel(serializedBytes: try bytes("Data/com.apple.CoreML/model.mlmodel"))
  }

  /// Of `fixtures/models`: `keras-2.1.3/conv1d.h5`.
  init(recorded name: String, _ options: ExportOptions = ExportOptions()) throws {
    try self.init(try LoadedModel.load("\(PackedFixtures.root)/models/\(name)"), options)
  }

  /// A Sequential model of those layers whose weights are all 0.5.
  init(
    layers: [JSON], input shape: JSON, dtype: String = "float32", named name: String = "x",
    _ options: ExportOptions = ExportOptions()
  ) throws {
    let input: JSON = [
      "class_name": "InputLayer",
      "config": ["name": .string(name), "batch_input_shape": shape, "dtype": .string(dtype)],
    ]
    let config: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": .array([input] + layers)],
      "keras_version": "2.15.0", "backend": "tensorflow",
    ]
    var load = LoadOptions()
    load.requiresWeights = false
    var model = try LoadedModel.load(source: ModelSource(file: "m.json", format: .json, config: config), options: load)
    let graph = try model.network.lowered(training: false).graph
    for name in graph.parameterNames {
      guard let shape = graph.parameter(named: name).flatMap({ graph.shape($0).concrete }) else { continue }
      model.weights[name] = try TensorData.filled(0.5, shape: shape)
    }
    try self.init(model, options)
  }

  var function: CoreMLFunction? { proto.mlProgram.functions["main"] }
  var block: CoreMLBlock { function.flatMap { $0.blockSpecializations[$0.opset] } ?? CoreMLBlock() }
  func operations(_ type: String) -> [CoreMLOperation] { block.operations.filter { $0.type == type } }

  /// The constant that an operation takes by a name.
  func constant(_ operation: CoreMLOperation, _ key: String) -> CoreMLValue? {
    let name = operation.inputs[key]?.arguments.first?.name
    return block.operations.first { $0.type == "const" && $0.outputs.first?.name == name }?.attributes["val"]
  }

  func ints(_ operation: CoreMLOperation, _ key: String) -> [Int32]? {
    constant(operation, key)?.immediateValue.tensor.ints.values
  }

  func text(_ operation: CoreMLOperation, _ key: String) -> String? {
    constant(operation, key)?.immediateValue.tensor.strings.values.first
  }

  /// Names that operations read and nothing defines, and those defined twice; loops' blocks included.
  var looseEnds: [String] {
    var defined = Set(function?.inputs.map(\.name) ?? [])
    return Self.faults(block, &defined)
  }

  private static func faults(_ block: CoreMLBlock, _ defined: inout Set<String>) -> [String] {
    var faults: [String] = []
    for operation in block.operations {
      let read = operation.inputs.values.flatMap { $0.arguments.map(\.name) }
      faults += read.filter { !defined.contains($0) }
      for inner in operation.blocks {
        var visible = defined.union(inner.inputs.map(\.name))
        faults += Self.faults(inner, &visible)
      }
      for output in operation.outputs where !defined.insert(output.name).inserted {
        faults.append("twice: \(output.name)")
      }
    }
    return faults + block.outputs.filter { !defined.contains($0) }
  }

  /// A little-endian number of the file of weights.
  func number<Number: FixedWidthInteger>(_ place: Int, _: Number.Type) -> Number {
    weights[place..<place + MemoryLayout<Number>.size].reversed().reduce(0) { $0 << 8 | Number($1) }
  }
}
