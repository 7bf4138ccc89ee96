import Foundation
import KerasConversion
import KerasExport
import KerasKit
import PackedFixtures
import Testing

/// Files that another program runs: their records are read, and layers found among their results.
@Suite struct WrittenModelTests {
  private func written(_ name: String, in folder: ConversionFolder) throws -> (model: WrittenModel, source: Model) {
    let source = try Model.load(PackedFixtures.path("models/keras-2.1.3/conv_channels_last.h5"))
    _ = try Conversion().convert(source, to: "\(folder.path)/\(name)")
    return (try #require(try WrittenModel.open("\(folder.path)/\(name)")), source)
  }

  @Test(arguments: [
    ("m.onnx", "onnx"), ("m.tflite", "tflite"), ("m.tfjs", "tfjs"), ("m.swiftpackage", "swift"),
    ("m.savedmodel", "savedmodel"), ("m.mlpackage", "coreml"),
  ])
  func theRecordIsFoundInEveryFormat(_ name: String, _ format: String) throws {
    let folder = try ConversionFolder()
    let (model, source) = try written(name, in: folder)
    #expect(model.format == format)
    let record = try #require(model.record)
    #expect(record.source == "conv_channels_last.h5" && record.kerasVersion == "2.1.3")
    let stored = try #require(record.verification)
    let expected = try VerificationCase(of: source)
    #expect(stored.outputs.count == 1 && !stored.layers.isEmpty)
    #expect(stored.outputs[0].digest.difference(from: expected.outputs[0].digest) < 1e-6)
    #expect(try model.consumer().formats.contains(format))
  }

  @Test func whatThisProgramReadsItselfIsNoneOfThem() throws {
    #expect(try WrittenModel.open(PackedFixtures.path("models/keras-2.1.3/mlp_adam.h5"))?.format == nil)
    #expect(try WrittenModel.open(PackedFixtures.path("models/keras-2.1.3"))?.format == nil)
  }

  @Test func damagedFilesAreErrorsAndNothingIsReadBeyondThem() throws {
    let folder = try ConversionFolder()
    for name in ["m.tflite", "m.onnx"] {
      _ = try written(name, in: folder)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")))
      for cut in stride(from: 0, to: bytes.count, by: max(bytes.count / 40, 1)) {
        let path = "\(folder.path)/cut-\(name)"
        try Data(bytes[..<cut]).write(to: URL(fileURLWithPath: path))
        _ = try? WrittenModel.open(path)
        var changed = bytes
        for place in stride(from: cut, to: bytes.count, by: 97) { changed[place] = 0xff }
        try Data(changed).write(to: URL(fileURLWithPath: path))
        _ = try? WrittenModel.open(path)
      }
    }
  }

  @Test(arguments: ["m.onnx", "m.tflite", "m.mlpackage"])
  func aProgramThatIsNotThereIsAnErrorAndNoPass(_ name: String) throws {
    let folder = try ConversionFolder()
    let (model, source) = try written(name, in: folder)
    let expected = try VerificationCase(of: source)
    let consumer = try model.consumer()
    #expect {
      try model.verify(expected, in: consumer, python: "\(folder.path)/no-python", tolerance: 1e-5)
    } throws: { error in
      guard case .consumer(let name, let reason)? = error as? ConversionError else { return false }
      return name == consumer.name && reason.contains("pip install")
    }
  }

  @Test(arguments: [("m.onnx", ONNXLike.onnx), ("m.tflite", .tflite)])
  func stepsAreNamedAfterTheirLayers(_ name: String, _ kind: ONNXLike) throws {
    let folder = try ConversionFolder()
    _ = try written(name, in: folder)
    let exporter = type(of: try Formats.exporter(for: name))
    let graph = try #require(try exporter.graph(in: "\(folder.path)/\(name)"))
    #expect((graph.addition != nil) == (kind == .onnx))
    let steps = graph.steps(ofLayers: ["conv2d_1", "conv2d_2", "dense_10", "dropout_1"])
    let first = try #require(steps["conv2d_1"]?.last)
    let last = try #require(steps["dense_10"]?.last)
    #expect(first < last && steps["dropout_1"] == nil)
    // The output depends on the first convolution, which does not depend on it.
    let output = Set(graph.steps[last].results)
    #expect(graph.steps(behind: output).contains(first))
    #expect(!graph.steps(behind: Set(graph.steps[first].results)).contains(last))
  }

  enum ONNXLike: Sendable { case onnx, tflite }
}
