import DataFiles
import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import SwiftProtobuf

@testable import ONNXExport

/// A model written as ONNX and read back as messages.
struct ONNXFixture {
  let proto: ONNXModelProto
  let notes: [ExportNote]
  let bytes: [UInt8]

  init(_ model: LoadedModel, _ options: ExportOptions = ExportOptions(), threshold: Int? = nil) throws {
    let folder = try Scratch()
    var exporter = ONNXExporter()
    if let threshold { exporter.externalDataThreshold = threshold }
    notes = try exporter.export(model, to: folder.path + "/model.onnx", options: options)
    bytes = Array(try Data(contentsOf: URL(filePath: folder.path + "/model.onnx")))
    proto = try ONNXModelProto(serializedBytes: bytes)
  }

  /// Of `fixtures/models`: `keras-2.1.3/conv1d`.
  init(recorded name: String, _ options: ExportOptions = ExportOptions()) throws {
    try self.init(try LoadedModel.load("\(PackedFixtures.root)/models/\(name)"), options)
  }

  var nodes: [ONNXNodeProto] { proto.graph.node }
  func nodes(_ type: String) -> [ONNXNodeProto] { nodes.filter { $0.opType == type } }
  func initializer(_ name: String) -> ONNXTensorProto? { proto.graph.initializer.first { $0.name == name } }

  /// Names that nodes read and nothing defines, and those defined twice; loops' bodies included.
  var looseEnds: [String] {
    var defined = Set(proto.graph.input.map(\.name) + proto.graph.initializer.map(\.name))
    var faults = Self.faults(proto.graph.node, &defined)
    for output in proto.graph.output where !defined.contains(output.name) { faults.append(output.name) }
    return faults
  }

  private static func faults(_ nodes: [ONNXNodeProto], _ defined: inout Set<String>) -> [String] {
    var faults: [String] = []
    for node in nodes {
      faults += node.input.filter { !$0.isEmpty && !defined.contains($0) }
      for attribute in node.attribute where attribute.hasG {
        var inner = defined.union(attribute.g.input.map(\.name))
        faults += Self.faults(attribute.g.node, &inner)
        faults += attribute.g.output.map(\.name).filter { !inner.contains($0) }
      }
      for output in node.output where !defined.insert(output).inserted { faults.append("twice: \(output)") }
    }
    return faults
  }
}

extension ONNXNodeProto {
  func ints(_ name: String) -> [Int64]? { attribute.first { $0.name == name }?.ints }
}

/// A folder that is gone after the test.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
