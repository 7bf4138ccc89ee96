import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import ONNXExport

/// The structure of written models; that ONNX Runtime computes the same is tested by `Tools/interop/onnx_models.py`.
@Suite struct ONNXExportTests {
  @Test(arguments: [13, 17, 18, 20, 21, 28])
  func everyTensorIsDefinedOnce(_ opset: Int) throws {
    let root = "\(PackedFixtures.root)/models"
    let files = try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter {
      $0.hasSuffix(".h5") || $0.hasSuffix(".keras")
    }
    #expect(files.count >= 60)
    // Each opset has its share of the files.
    let opsets = [13, 17, 18, 20, 21, 28]
    for (index, file) in files.enumerated() where opsets[index % opsets.count] == opset {
      let written = try ONNXFixture(recorded: file, ExportOptions(opset: opset))
      #expect(written.looseEnds.isEmpty, "\(file): \(written.looseEnds)")
      #expect(written.proto.opsetImport.first?.version == Int64(opset))
    }
  }

  @Test func inputsAndOutputsAreTheModels() throws {
    let written = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5")
    let input = try #require(written.proto.graph.input.first)
    #expect(input.name == "conv1d_1_input")
    let dimensions = input.type.tensorType.shape.dim
    #expect(dimensions.count == 3)
    #expect(dimensions[0].dimParam == "batch" && !dimensions[0].hasDimValue)
    #expect(dimensions[1].dimValue == 8 && dimensions[2].dimValue == 3)
    let output = try #require(written.proto.graph.output.first)
    #expect(output.name == "dense_11")
    #expect(output.type.tensorType.shape.dim.map(\.dimParam) == ["batch", ""])
    #expect(written.proto.producerName == "keraskit")
  }

  @Test func onlyTheDataIsTransposedAndOnlyOnce() throws {
    let written = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5")
    // Convolutions, an activation, pooling, a reduction: one way in, no way out.
    #expect(written.nodes("Transpose").map(\.input) == [["conv1d_1_input"]])
    #expect(written.nodes("Conv").count == 2)
    #expect(written.nodes("Conv").allSatisfy { $0.input.count == 3 })
    #expect(written.initializer("conv1d_1/kernel")?.dims == [4, 3, 3])
  }

  @Test func nodesAreNamedAfterLayers() throws {
    let written = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5")
    #expect(written.nodes.first { $0.opType == "Softplus" }?.name == "activation_2/Softplus")
    #expect(written.nodes.first { $0.opType == "Softplus" }?.output == ["activation_2/Softplus:0"])
    #expect(Set(written.nodes.map(\.name)).count == written.nodes.count)
  }

  @Test func operationsHaveTheFormOfTheOpset() throws {
    let old = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(opset: 17))
    let new = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(opset: 18))
    #expect(try #require(old.nodes("ReduceMax").first).ints("axes") == [2])
    #expect(try #require(new.nodes("ReduceMax").first).ints("axes") == nil)
    #expect(try #require(new.nodes("ReduceMax").first).input.count == 2)
    #expect(old.proto.irVersion == 8)
    #expect(try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5").proto.irVersion == 10)
  }

  @Test(arguments: [12, 29, -1])
  func unknownOpsetsAreRefused(_ opset: Int) throws {
    let error = #expect(throws: ExportError.self) {
      try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(opset: opset))
    }
    #expect("\(try #require(error))".contains("opset \(opset)"))
    #expect("\(try #require(error))".contains("13 to 28"))
  }

  @Test func theRecordIsInTheMetadata() throws {
    let record: JSON = ["source": "a.h5"]
    let written = try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(makeRecord: { _ in record }))
    #expect(written.proto.metadataProps.map(\.key) == ["keraskit"])
    #expect(written.proto.metadataProps.first?.value == record.text())
  }

  @Test func aHashIsRefusedWithLayerAndReason() throws {
    let model = try LoadedModel.load(PackedFixtures.path("preprocessing/keras-3_hashing_bins.keras"))
    let folder = try Scratch()
    let error = #expect(throws: ExportError.self) {
      try ONNXExporter().export(model, to: folder.path + "/model.onnx", options: ExportOptions())
    }
    #expect(try #require(error).layer == "hashing")
    #expect("\(try #require(error))".contains("FarmHash"))
    #expect(throws: ExportError.self) { try ONNXExporter().check(model, options: ExportOptions()) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func whatIsLostIsSaid() throws {
    let written = try ONNXFixture(recorded: "keras-2.1.3/mlp_adam.h5")
    #expect(written.notes.contains { $0.kind == .lost && $0.message.contains("training config") })
  }
}
