import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import CoreMLExport

/// The structure of written packages; that a program computes what Keras did is tested by `Tools/interop/core_ml.py`.
@Suite struct CoreMLExporterTests {
  @Test func everyTensorIsDefinedOnce() throws {
    let root = "\(PackedFixtures.root)/models"
    let files = try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter {
      $0.hasSuffix(".h5") || $0.hasSuffix(".keras")
    }
    #expect(files.count >= 60)
    for (index, file) in files.enumerated() where index % 3 == 0 {
      let written = try PackageFixture(recorded: file)
      #expect(written.looseEnds.isEmpty, "\(file): \(written.looseEnds)")
      #expect(written.proto.specificationVersion == 6 && written.function?.opset == "CoreML5")
    }
  }

  @Test func inputsAndOutputsAreTheModelsWithAnOpenBatch() throws {
    let written = try PackageFixture(recorded: "keras-2.1.3/conv1d.h5")
    let input = try #require(written.proto.description_p.input.first)
    #expect(input.name == "conv1d_1_input")
    #expect(input.type.multiArrayType.dataType == .float32)
    #expect(input.type.multiArrayType.shape == [1, 8, 3])
    let ranges = input.type.multiArrayType.shapeRange.sizeRanges
    #expect(ranges.map(\.lowerBound) == [1, 8, 3])
    #expect(ranges.map(\.upperBound) == [1024, 8, 3])
    let declared = try #require(written.function?.inputs.first)
    #expect(declared.name == input.name && declared.type.tensorType.rank == 3)
    #expect(declared.type.tensorType.dimensions[0].unknown.variadic == false)
    #expect(declared.type.tensorType.dimensions[1].constant.size == 8)
    #expect(written.proto.description_p.output.map(\.name) == ["dense_11"])
    #expect(written.block.outputs == ["dense_11"])
    #expect(written.notes.contains { $0.message.contains("1024 samples") })
  }

  @Test func theManifestListsWhatIsThere() throws {
    let written = try PackageFixture(recorded: "keras-2.1.3/conv1d.h5")
    let items = try #require(written.manifest["itemInfoEntries"]?.objectValue)
    let root = try #require(written.manifest["rootModelIdentifier"]?.stringValue)
    #expect(items[root]?["path"] == "com.apple.CoreML/model.mlmodel")
    #expect(Set(items.values.map { $0["path"] }) == ["com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights"])
    #expect(written.manifest["fileFormatVersion"] == "1.0.0")
  }

  @Test func onlyTheDataIsTransposedAndOnlyOnce() throws {
    let written = try PackageFixture(recorded: "keras-2.1.3/conv1d.h5")
    #expect(written.operations("transpose").map { $0.inputs["x"]?.arguments.map(\.name) } == [["conv1d_1_input"]])
    #expect(written.operations("conv").count == 2)
  }

  @Test func theRecordAndOtherNamesAreInTheMetadata() throws {
    let layer: JSON = ["class_name": "Dense", "config": ["name": "out/put", "units": 2]]
    let record: JSON = ["source": "a.h5"]
    let written = try PackageFixture(
      layers: [layer], input: [nil, 3], named: "1st input", ExportOptions(makeRecord: { _ in record }))
    let metadata = written.proto.description_p.metadata.userDefined
    #expect(metadata["keraskit"] == record.text())
    #expect(written.proto.description_p.input.map(\.name) == ["var_1st_input"])
    #expect(written.proto.description_p.input.map(\.shortDescription) == ["1st input"])
    #expect(written.block.outputs == ["out_put"])
    let names = try JSON(parsing: try #require(metadata["keraskit.names"]))
    #expect(names == ["out_put": "out/put", "var_1st_input": "1st input"])
    #expect(written.notes.count { $0.kind == .rewritten } == 2)
    #expect(
      try PackageFixture(recorded: "keras-2.1.3/conv1d.h5").proto.description_p.metadata.userDefined.isEmpty)
  }

  @Test func equalModelsAreEqualFiles() throws {
    let first = try PackageFixture(recorded: "keras-2.1.3/conv1d.h5")
    let second = try PackageFixture(recorded: "keras-2.1.3/conv1d.h5")
    #expect(first.proto == second.proto && first.weights == second.weights && first.manifest == second.manifest)
  }

  @Test func aLayerOfTextsIsRefusedAndNothingWritten() throws {
    let layer: JSON = [
      "class_name": "StringLookup", "config": ["name": "words", "vocabulary": ["a", "b"], "dtype": "string"],
    ]
    let error = #expect(throws: ExportError.self) {
      try PackageFixture(layers: [layer], input: [nil, 1], dtype: "string")
    }
    #expect("\(try #require(error))".contains("texts"))
  }

  @Test func sixAxesAreRefusedByTheLayerThatMakesThem() throws {
    let layer: JSON = ["class_name": "Reshape", "config": ["name": "fold", "target_shape": [2, 1, 1, 1, 2]]]
    let error = #expect(throws: ExportError.self) { try PackageFixture(layers: [layer], input: [nil, 4]) }
    #expect(error?.layer == "fold")
    #expect("\(try #require(error))".contains("at most 5"))
  }
}
