import Foundation
import KerasCore
import Testing

@testable import TensorBundle

@Suite struct TensorBundleWritingTests {
  private func written(_ add: (TensorBundleWriter) throws -> Void) throws -> TensorBundle {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let writer = try TensorBundleWriter(prefix: "\(folder)/variables")
    try add(writer)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { $0.hasPrefix(".") })
    try writer.finish()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["variables.data-00000-of-00001", "variables.index"])
    return try TensorBundle(prefix: "\(folder)/variables")
  }

  @Test(arguments: [DType.float32, .float64, .float16, .bfloat16, .int8, .int32, .int64, .uint8, .bool])
  func everyTypeIsReadBack(_ dtype: DType) throws {
    let array = try TensorData(shape: [2, 3], doubles: [0, 1, 2, 3, 4, 5]).converted(to: dtype)
    let bundle = try written { try $0.add("a/kernel", array) }
    #expect(try bundle.read("variables/0/.ATTRIBUTES/VARIABLE_VALUE") == array)
  }

  @Test func aTableOfManyBlocksIsReadBack() throws {
    let count = 6000
    let bundle = try written { writer in
      for index in 0..<count {
        try writer.add(
          "layer_\(index)",
          TensorData(shape: index % 2 == 0 ? [] : [0, 3], floats: index % 2 == 0 ? [Float(index)] : []))
      }
    }
    #expect(bundle.entries.count == count)
    for index in stride(from: 0, to: count, by: 500) {
      #expect(try bundle.read(TensorBundleWriter.key(index)).floats() == [Float(index)])
    }
    let graph = try #require(try bundle.objectGraph())
    let list = try #require(graph.nodes[0]["variables"])
    #expect(graph.elements(of: list).count == count)
    #expect(graph.nodes[graph.elements(of: list)[17]].fullName == "layer_17")
  }

  @Test func textsAreRefused() throws {
    #expect(throws: FileError.self) {
      _ = try written { try $0.add("words", TensorData(shape: [1], strings: ["a"])) }
    }
  }

  /// The check value of CRC-32C (RFC 3720, B.4: 32 bytes of zeros give 8a9136aa), masked as TensorFlow does.
  @Test func checksumsAreCastagnolis() {
    let crc: UInt32 = 0x8a91_36aa
    let masked = (crc >> 15 | crc << 17) &+ 0xa282_ead8
    #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { MaskedChecksum.of($0) } == masked)
  }
}
