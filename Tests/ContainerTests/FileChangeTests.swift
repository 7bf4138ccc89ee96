import HDF5
import KerasCore
import KerasFile
import Testing

@testable import ZipArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that are cut off or written again while they are open, and ranges that no file has.
@Suite struct FileChangeTests {
  private static let numbers = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
    try #require(written == bytes.count)
  }

  /// A file that is too large to be read at once when it is opened.
  private func largeFile(_ folder: TemporaryFolder) throws -> (path: String, bytes: [UInt8]) {
    let bytes = Self.numbers + Self.numbers.reversed() + Self.numbers
    try write(bytes, to: folder.file("data"))
    return (folder.file("data"), bytes)
  }

  @Test func `parts of a file are its bytes, and ranges beyond it have none`() throws {
    let folder = try TemporaryFolder()
    let (path, bytes) = try largeFile(folder)
    for contents in [try FileContents(path: path), FileContents(bytes)] {
      #expect(try contents.copy(70_000..<70_010) == Array(bytes[70_000..<70_010]))
      #expect(try contents.copy(119_990..<500_000) == Array(bytes[119_990...]))
      #expect(try contents.copy(500_000..<500_001).isEmpty)
      var part = [UInt8](repeating: 0, count: 16)
      try part.withUnsafeMutableBytes { try contents.copy(from: 90_001, to: $0) }
      #expect(part == Array(bytes[90_001..<90_017]))
      for start in [-1, 119_990, 120_000, .max, .min] {
        #expect(throws: FileError.self) {
          try part.withUnsafeMutableBytes { try contents.copy(from: start, to: $0) }
        }
      }
    }
  }

  @Test func `a file that became shorter is an error`() throws {
    let folder = try TemporaryFolder()
    let (path, bytes) = try largeFile(folder)
    let contents = try FileContents(path: path)
    #expect(try contents.copy(0..<bytes.count) == bytes)
    truncate(path, 100)
    #expect(throws: FileError.self) { try contents.copy(80_000..<80_004) }
    #expect(throws: FileError.self) { try contents.copy(0..<10) }
  }

  @Test func `a file that was written again is an error, one put in its place is not seen`() throws {
    let folder = try TemporaryFolder()
    let (path, bytes) = try largeFile(folder)
    let contents = try FileContents(path: path)
    try write(bytes.reversed(), to: folder.file("other"))
    rename(folder.file("other"), path)
    #expect(try contents.copy(0..<bytes.count) == bytes)
    let second = try FileContents(path: path)
    // Of the same size; a time of its own even where clocks are coarse.
    try write(bytes, to: path)
    var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, 0)
    let error = #expect(throws: FileError.self) { try second.copy(0..<10) }
    #expect("\(try #require(error))".contains("changed"))
  }

  @Test func `a small file stays what it was when it was opened`() throws {
    let folder = try TemporaryFolder()
    try write(Self.numbers, to: folder.file("small"))
    let contents = try FileContents(path: folder.file("small"))
    truncate(folder.file("small"), 0)
    #expect(try contents.copy(0..<Self.numbers.count) == Self.numbers)
    #expect(contents.array() == Self.numbers)
  }

  @Test func `parts of a data set are those of the whole, in order and in any size`() throws {
    let folder = try TemporaryFolder()
    let whole = try TensorData(shape: [300, 100], floats: (0..<30_000).map { Float($0) / 7 })
    let file = try HDF5Writer(path: folder.file("a.h5"))
    try file.write(whole, at: "/w")
    try file.finish()
    let found = try HDF5File(path: folder.file("a.h5")).find("/w")
    #expect(found.isPlain)
    #expect(found.shape == [300, 100])
    #expect(try found.read() == whole)
    var part = [UInt8](repeating: 0, count: 400)
    for start in [0, 4, 1200, 120_000 - 400] {
      try part.withUnsafeMutableBytes { try found.read(at: start, into: $0) }
      #expect(part == Array(whole.bytes[start..<start + 400]))
    }
    for start in [-4, 120_000 - 396, .max] {
      #expect(throws: HDF5Error.self) { try part.withUnsafeMutableBytes { try found.read(at: start, into: $0) } }
    }
    truncate(folder.file("a.h5"), 3000)
    let error = #expect(throws: HDF5Error.self) { try found.read() }
    #expect("\(try #require(error))".contains("/w"))
  }

  @Test func `packed and swapped data sets have no parts`() throws {
    let archive = try ZipReader(path: fixture("../hdf5_options.zip"))
    var plain = 0
    for member in archive.members where member.name.hasSuffix(".h5") {
      let file = try HDF5File(FileContents(archive.read(member.name)), name: member.name)
      for name in try file.children(of: "/") {
        guard let found = try? file.find("/" + name), found.isPlain else { continue }
        let whole = try found.read().bytes
        var part = [UInt8](repeating: 0, count: whole.count)
        try part.withUnsafeMutableBytes { try found.read(at: 0, into: $0) }
        #expect(part == whole, "\(member.name) \(name)")
        plain += 1
      }
    }
    #expect(plain > 10)
  }
}

@Suite struct ChecksumTests {
  /// Bit by bit, as the polynomial is defined.
  private func slow(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var state = ~UInt32(0)
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~state
  }

  @Test func `every length has the checksum of the definition`() throws {
    #expect(Array("123456789".utf8).withUnsafeBytes { Checksum.crc32($0) } == 0xcbf4_3926)
    let bytes = (0..<1200).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ $0 >> 3) }
    for count in Array(0..<300) + [511, 512, 513, 1000, 1200] {
      let found = bytes[..<count].withUnsafeBytes { Checksum.crc32($0) }
      #expect(found == slow(bytes[..<count]), "\(count)")
    }
  }

  @Test func `a part of a file has that of its bytes, over many reads`() throws {
    let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
    let contents = FileContents(bytes)
    for range in [3..<700_001, 0..<262_144, 100..<262_244, 5..<5] {
      #expect(try Checksum.crc32(of: range, in: contents) == slow(bytes[range]))
    }
  }
}

/// The system's function, whose name the tests' own hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
