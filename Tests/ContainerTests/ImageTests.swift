import KerasCore
import Testing

@testable import DataFiles

/// Against TensorFlow's decoders and resizing and Keras' folders, as `Tools/fixtures/images.py` recorded them.
@Suite struct ImageTests {
  private func images(_ name: String) -> String { fixture("../images/\(name)") }

  @Test func pixelsAreTensorFlowsToTheBit() throws {
    let cases = try NumpyArchive(path: images("decoded.npz")).members
    #expect(cases.count > 20)
    for member in cases {
      let parts = member.name.split(separator: "@").map(String.init)
      let mode = try #require(Image.ColorMode(rawValue: parts[1]))
      let image = try Image(path: images("folder/" + parts[0]), colorMode: mode)
      #expect([image.height, image.width, image.channels] == member.tensor.shape, "\(member.name)")
      #expect(image.pixels == member.tensor.bytes, "\(member.name)")
    }
  }

  @Test func resizingIsThatOfTensorFlow() throws {
    let cases = try NumpyArchive(path: images("resized.npz")).members
    #expect(cases.count == 27)
    for member in cases {
      let parts = member.name.split(separator: "@").map(String.init)
      let method = try #require(Interpolation(rawValue: parts[1]))
      let image = try Image(path: images("folder/" + parts[0]), colorMode: .rgb)
      let found = image.resized(height: member.tensor.shape[0], width: member.tensor.shape[1], method)
      let expected = try member.tensor.floats()
      #expect(found.count == expected.count)
      let distance = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(distance <= (method == .nearest ? 0 : 1e-4), "\(member.name): \(distance)")
    }
  }

  @Test func aFolderIsReadAsKerasReadsIt() throws {
    let truth = try NumpyArchive(path: images("dataset.npz"))
    let folder = try ImageFolder(path: images("folder"))
    #expect(folder.classNames == truth["classes"]?.strings)
    #expect(try folder.files.map { Int32($0.label) } == truth["y"]?.int32s())
    let found = try folder.images(.init(height: 8, width: 10))
    let expected = try #require(truth["x"])
    #expect(found.shape == expected.shape)
    let distance = try zip(found.floats(), expected.floats()).map { abs($0 - $1) }.max() ?? .infinity
    #expect(distance <= 1e-4, "\(distance)")
    let first = try folder.images(.init(height: 8, width: 10, scale: 0.5, isChannelsFirst: true))
    #expect(first.shape == [9, 3, 8, 10])
    // Image 2, channel 1, row 4, column 7.
    let pixel = 47
    let transposed: Float = try first.floats()[480 + 80 + pixel]
    let sample: Float = try found.floats()[480 + pixel * 3 + 1]
    #expect(transposed == sample * 0.5)
  }

  @Test func damageIsAnErrorAndNeverACrash() throws {
    for name in ["cat/b.png", "cat/Z.JPG", "dog/2.jpg", "dog/sixteen.png"] {
      let whole = try bytes(of: images("folder/" + name))
      for length in stride(from: 0, to: whole.count - 20, by: max(whole.count / 40, 1)) {
        let part = Array(whole.prefix(length))
        #expect(throws: DataFileError.Cause.self, "\(name) \(length)") {
          try part.withUnsafeBytes { bytes in try Image.decoded(bytes, colorMode: .rgb) }
        }
      }
      var random = SystemRandomNumberGenerator()
      for _ in 0..<300 {
        var broken = whole
        for _ in 0..<4 { broken[Int.random(in: 0..<broken.count, using: &random)] = UInt8.random(in: 0...255) }
        // Whether it still decodes is up to chance; it ends, and within the bounds.
        _ = broken.withUnsafeBytes { bytes in try? Image.decoded(bytes, colorMode: .rgb) }
      }
    }
  }

  @Test func sizesThatTheBytesCannotFillAreRefused() throws {
    var bomb = try bytes(of: images("folder/cat/b.png"))
    // Width and height of the PNG's header, then its checksum.
    bomb.replaceSubrange(16..<24, with: [0, 0, 0x80, 0, 0, 0, 0x80, 0])
    bomb.replaceSubrange(29..<33, with: checksum(bomb[12..<29]))
    let error = #expect(throws: DataFileError.Cause.self) {
      try bomb.withUnsafeBytes { bytes in try Image.decoded(bytes, colorMode: .rgb) }
    }
    #expect("\(DataFileError(file: "bomb.png", try #require(error)))".contains("32768 × 32768"))
  }

  @Test func whatIsNoImageIsNamed() throws {
    let error = #expect(throws: DataFileError.self) {
      try Image(path: images("folder/cat/notes.txt"), colorMode: .rgb)
    }
    #expect("\(try #require(error))".contains("notes.txt"))
    #expect(throws: DataFileError.self) { try Image(path: images("folder/cat/Z.JPG"), colorMode: .rgba) }
    #expect(throws: DataFileError.self) { try ImageFolder(path: images("folder/cat/deep")) }
  }

  private func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (24 - 8 * $0)) }
  }
}
