import Foundation
import KerasCore
import KerasExport
import KerasKit
import KerasModel
import Testing

@Suite struct SafetensorsTests {
  @Test func everyModelComesBackAsItWas() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.safetensors"
    for name in RoundTripTests.cases + ["keras-1.2.2/bn_sample_wise.h5"] {
      let fixture = try ExportFixture(name)
      let source = try fixture.load()
      let notes = try Exporters.export(source, to: target)
      #expect(!notes.contains { $0.kind == .rewritten }, "\(name)")
      let model = try LoadedModel.load(target)
      #expect(model.source.format == .safetensors)
      #expect(model.weights == source.weights, "\(name)")
      #expect(model.canonical.compile == source.canonical.compile, "\(name)")
      #expect(model.semantics == source.semantics, "\(name)")
      let found = try Model(model).predict(fixture.inputs)
      for (a, b) in zip(found, fixture.outputs) { #expect(try difference(a, b) < 1e-5, "\(name)") }
    }
  }

  @Test func theHeaderIsAlignedAndTellsTheRecord() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.safetensors"
    let source = try ExportFixture("keras-3/conv1d.keras").load()
    let options = ExportOptions(weightFormat: .float16, makeRecord: { _ in ["tool": "test"] })
    _ = try Exporters.export(source, to: target, options: options)
    let bytes = try Array(Data(contentsOf: URL(filePath: target)))
    let length = Int(bytes[..<8].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
    #expect(length % 8 == 0)
    let header = try JSON(parsing: Array(bytes[8..<8 + length]))
    #expect(header["__metadata__"]?["keraskit"] == #"{"tool": "test"}"#)
    var end = 0
    for (name, entry) in try #require(header.objectValue) where name != "__metadata__" {
      #expect(entry["dtype"] == "F16")
      #expect(entry["data_offsets"]?[0]?.intValue == end)
      end = try #require(entry["data_offsets"]?[1]?.intValue)
    }
    #expect(8 + length + end == bytes.count)
    #expect(try LoadedModel.load(target).source.record == ["tool": "test"])
  }

  @Test func eightBitsHaveNoPlace() throws {
    let source = try ExportFixture("keras-3/conv1d.keras").load()
    #expect(throws: ExportError.self) {
      try SafetensorsExporter().check(source, options: ExportOptions(weightFormat: .int8))
    }
  }

  private static func file(_ header: String, data: Int) -> [UInt8] {
    let text = Array(header.utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return length + text + [UInt8](repeating: 0, count: data)
  }

  @Test(arguments: [
    // A gap, an overlap, bytes of nobody, a size that does not fit, an offset beyond the file, no config.
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}, "__metadata__": {"config": "{}"}}"#, 8),
    (
      #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "#
        + #""b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}, "__metadata__": {"config": "{}"}}"#, 8
    ),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {"config": "{}"}}"#, 8),
    (#"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, "__metadata__": {"config": "{}"}}"#, 8),
    (
      #"{"a": {"dtype": "F32", "shape": [9223372036854775807, 4], "data_offsets": [0, 8]}, "#
        + #""__metadata__": {"config": "{}"}}"#, 8
    ),
    (#"{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "__metadata__": {"config": "{}"}}"#, 8),
    (#"{"a": {"dtype": "F7", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {"config": "{}"}}"#, 4),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#, 4),
    (#"{"a": 1, "__metadata__": {"config": "{}"}}"#, 0),
  ])
  func damagedFilesAreErrors(header: String, data: Int) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/damaged.safetensors"
    try Data(Self.file(header, data: data)).write(to: URL(filePath: path))
    #expect(throws: ModelError.self) { try LoadedModel.load(path) }
  }
}
