import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import ONNXExport

/// How weights are stored.
@Suite struct ONNXWeightTests {
  private func written(_ format: ExportOptions.WeightFormat) throws -> ONNXFixture {
    try ONNXFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(weightFormat: format))
  }

  @Test(arguments: [ExportOptions.WeightFormat.float16, .bfloat16])
  func narrowFloatsAreCastBeforeUse(_ format: ExportOptions.WeightFormat) throws {
    let type: Int32 = format == .float16 ? 10 : 16
    let model = try written(format)
    let kernel = try #require(model.initializer("conv1d_1/kernel/\(format.rawValue)"))
    #expect(kernel.dataType == type)
    #expect(kernel.rawData.count == 2 * 4 * 3 * 3)
    let cast = try #require(model.nodes("Cast").first { $0.input == [kernel.name] })
    #expect(model.nodes("Conv").contains { $0.input.contains(cast.output[0]) })
    #expect(model.looseEnds.isEmpty)
  }

  @Test func integersHaveAScaleForEachResult() throws {
    let model = try written(.int8)
    let kernel = try #require(model.initializer("conv1d_1/kernel/int8"))
    #expect(kernel.dataType == 3)
    #expect(kernel.dims == [4, 3, 3])
    let scales = try #require(model.initializer("conv1d_1/kernel/scales"))
    #expect(scales.dims == [4, 1, 1])
    let cast = try #require(model.nodes("Cast").first { $0.input == [kernel.name] })
    let product = try #require(model.nodes("Mul").first { $0.input == [cast.output[0], scales.name] })
    #expect(model.nodes("Conv").contains { $0.input.contains(product.output[0]) })
    // What comes out is what the quantizer says.
    let source = try LoadedModel.load("\(PackedFixtures.root)/models/keras-2.1.3/conv1d.h5")
    let original = try #require(source.weights["conv1d_1/kernel"])
    let expected = try QuantizedArray(original).dequantized().transposed([2, 1, 0]).floats()
    let factors = scales.rawData.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let found = kernel.rawData.enumerated().map { Float(Int8(bitPattern: $1)) * factors[$0 / 9] }
    #expect(found == expected)
  }

  @Test func largeWeightsGoIntoAFileBeside() throws {
    let folder = try Scratch()
    let model = try LoadedModel.load("\(PackedFixtures.root)/models/keras-2.1.3/conv_channels_last.h5")
    var exporter = ONNXExporter()
    let whole = try ONNXFixture(model)
    (exporter.externalDataThreshold, exporter.smallestExternalArray) = (100, 100)
    let path = folder.path + "/net.onnx"
    let notes = try exporter.export(model, to: path, options: ExportOptions())
    #expect(notes.contains { $0.message.contains("net.onnx.data") })
    let proto = try ONNXModelProto(serializedBytes: Data(contentsOf: URL(filePath: path)))
    let data = try Data(contentsOf: URL(filePath: path + ".data"))
    let moved = proto.graph.initializer.filter { $0.dataLocation == 1 }
    #expect(!moved.isEmpty)
    for tensor in moved {
      let entries = Dictionary(uniqueKeysWithValues: tensor.externalData.map { ($0.key, $0.value) })
      #expect(entries["location"] == "net.onnx.data")
      let offset = try #require(Int(entries["offset"] ?? ""))
      let length = try #require(Int(entries["length"] ?? ""))
      #expect(!tensor.hasRawData && offset % 4096 == 0)
      #expect(data[offset..<offset + length] == whole.initializer(tensor.name)?.rawData)
    }
  }

  @Test func arraysAreTransposedAsTheirAxesSay() throws {
    let numbers = try TensorData(shape: [2, 3, 2], floats: (0..<12).map { Float($0) })
    let moved = try numbers.transposed([2, 0, 1])
    #expect(moved.shape == [2, 2, 3])
    #expect(try moved.floats() == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
  }

  @Test func aConstantThatIsNoWeightStaysExact() throws {
    // A resizing's matrix is no parameter.
    let model = try LoadedModel.load(PackedFixtures.path("legacy_layers/keras-3/image_upsampling.keras"))
    let written = try ONNXFixture(model, ExportOptions(weightFormat: .float16))
    #expect(!written.nodes("MatMul").isEmpty)
    #expect(written.proto.graph.initializer.allSatisfy { $0.dataType != 10 })
  }
}
