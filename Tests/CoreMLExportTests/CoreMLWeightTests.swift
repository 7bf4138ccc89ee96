import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@testable import CoreMLExport

/// How weights are stored.
@Suite struct CoreMLWeightTests {
  private func written(_ format: ExportOptions.WeightFormat) throws -> PackageFixture {
    try PackageFixture(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(weightFormat: format))
  }

  /// The layout that coremltools' own writer makes: measured on its `_BlobStorageWriter` (9.0).
  @Test func theFileOfWeightsIsMILsSecondVersion() throws {
    var file = WeightFile()
    #expect(file.append(try TensorData(shape: [20], floats: (0..<20).map { Float($0) })) == 64)
    #expect(file.append(try TensorData(dtype: .int8, shape: [7], bytes: [UInt8](0..<7))) == 256)
    #expect(file.append(try TensorData(dtype: .float16, shape: [5], bytes: [UInt8](0..<10))) == 384)
    let bytes = file.bytes
    #expect(Array(bytes[0..<8]) == [3, 0, 0, 0, 2, 0, 0, 0])
    #expect(Array(bytes[64..<96]) == [0xEF, 0xBE, 0xAD, 0xDE, 2, 0, 0, 0, 80] + zeros(7) + [128] + zeros(15))
    #expect(Array(bytes[256..<280]) == [0xEF, 0xBE, 0xAD, 0xDE, 4, 0, 0, 0, 7] + zeros(7) + [0x40, 1] + zeros(6))
    #expect(Array(bytes[384..<392]) == [0xEF, 0xBE, 0xAD, 0xDE, 1, 0, 0, 0])
    #expect(Array(bytes[448...]) == [UInt8](0..<10))
  }

  private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  @Test func blobsHoldTheNumbersThatTheProgramNames() throws {
    let model = try written(.float32)
    let source = try LoadedModel.load("\(PackedFixtures.root)/models/keras-2.1.3/conv1d.h5")
    let kernel = try #require(source.weights["conv1d_1/kernel"]).transposed([2, 1, 0])
    let convolution = try #require(model.operations("conv").first)
    let value = try #require(model.constant(convolution, "weight"))
    #expect(value.blobFileValue.fileName == "@model_path/weights/weight.bin")
    let place = Int(value.blobFileValue.offset)
    #expect(place % 64 == 0)
    #expect(model.number(place, UInt32.self) == 0xDEAD_BEEF)
    #expect(model.number(place + 4, UInt32.self) == 2)
    let start = Int(model.number(place + 16, UInt64.self))
    #expect(start % 64 == 0)
    #expect(model.number(place + 8, UInt64.self) == UInt64(kernel.bytes.count))
    #expect(Array(model.weights[start..<start + kernel.bytes.count]) == kernel.bytes)
  }

  @Test(arguments: [ExportOptions.WeightFormat.float16, .int8])
  func narrowWeightsAreUnpackedByIOS16(_ format: ExportOptions.WeightFormat) throws {
    let model = try written(format)
    #expect(model.proto.specificationVersion == 7 && model.function?.opset == "CoreML6")
    #expect(model.notes.contains { $0.message.contains("iOS 16") })
    let type = format == .float16 ? "constexpr_cast" : "constexpr_affine_dequantize"
    let convolution = try #require(model.operations("conv").first)
    let name = convolution.inputs["weight"]?.arguments.first?.name
    let unpacked = try #require(model.operations(type).first { $0.outputs.first?.name == name })
    if format == .int8 {
      #expect(unpacked.attributes["axis"]?.immediateValue.tensor.ints.values == [0])
      #expect(unpacked.attributes["scale"]?.type.tensorType.dimensions.map(\.constant.size) == [4])
    }
    #expect(model.looseEnds.isEmpty)
    // A bias is a constant as it is: coremltools' own conv_transpose reads no unpacked one.
    #expect(model.constant(convolution, "bias")?.type.tensorType.dataType == .float32)
  }

  @Test func bfloat16IsRoundedAndStoredWhole() throws {
    let model = try written(.bfloat16)
    #expect(model.proto.specificationVersion == 6)
    let convolution = try #require(model.operations("conv").first)
    let value = try #require(model.constant(convolution, "weight"))
    let start = Int(model.number(Int(value.blobFileValue.offset) + 16, UInt64.self))
    let source = try LoadedModel.load("\(PackedFixtures.root)/models/keras-2.1.3/conv1d.h5")
    let original = try #require(source.weights["conv1d_1/kernel"])
    let expected = try original.converted(to: .bfloat16).converted(to: .float32).transposed([2, 1, 0])
    #expect(Array(model.weights[start..<start + expected.bytes.count]) == expected.bytes)
  }
}
