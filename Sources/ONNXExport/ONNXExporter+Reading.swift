import Foundation
import KerasCore
import KerasExport
import KerasFile

extension ONNXExporter {
  public static func recognizes(_ path: String) -> Bool {
    // Protobuf says nothing of itself: other files are not parsed to find out.
    guard path.lowercased().hasSuffix(".onnx"), let model = try? model(in: path) else { return false }
    return model.irVersion > 0
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    guard let entry = try model(in: path).metadataProps.first(where: { $0.key == ExportOptions.recordKey }) else {
      return nil
    }
    return try? JSON(parsing: Array(entry.value.utf8))
  }

  public static func graph(in path: String) throws(ExportError) -> WrittenGraph? {
    let graph = try model(in: path).graph
    let outputs = Set(graph.output.map(\.name))
    let steps = graph.node.map { node in
      // What a loop's body reads of the tensors around it is an input too.
      WrittenGraph.Step(
        name: node.name, inputs: node.input + node.attribute.flatMap { $0.g.node.flatMap(\.input) },
        results: node.output.filter { !$0.isEmpty })
    }
    // Messages that follow each other are one message: these outputs come after the model's own.
    var addition = ONNXModelProto()
    addition.graph.output = steps.flatMap(\.results).filter { !outputs.contains($0) }.map { name in
      var output = ONNXValueInfoProto()
      output.name = name
      return output
    }
    do {
      return WrittenGraph(steps: steps, addition: try addition.serializedBytes())
    } catch {
      throw ExportError(.malformed("\(path): \(error)"))
    }
  }

  private static func model(in path: String) throws(ExportError) -> ONNXModelProto {
    do {
      return try FileContents(path: path).withBytes { bytes throws in
        try ONNXModelProto(serializedBytes: Data(bytesNoCopy: bytes))
      }
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unreadable("it is no ONNX model: \(error)"))))
    }
  }
}

extension Data {
  /// Bytes that stay where they are while this is used.
  fileprivate init(bytesNoCopy bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else {
      self.init()
      return
    }
    self.init(bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: bytes.count, deallocator: .none)
  }
}
