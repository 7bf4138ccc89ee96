import KerasCore
import Testing

@testable import ZipArchive

@Suite struct ZipTests {
  @Test func `stored, deflated, zip64 and UTF-8 members are read`() throws {
    let zip = try ZipReader(path: fixture("plain.zip"))
    #expect(zip.members.map(\.name) == ["stored.txt", "folder/deflated.txt", "größe.txt", "long.txt"])
    #expect(try zip.read("stored.txt") == Array("stored".utf8))
    #expect(try zip.read("folder/deflated.txt") == Array(String(repeating: "deflated ", count: 100).utf8))
    #expect(try zip.read("größe.txt") == Array("utf-8".utf8))
    #expect(try zip.read("long.txt") == Array("zip64".utf8))
    #expect(try zip.range(of: "stored.txt").map { Array(zip.contents.array()[$0]) } == Array("stored".utf8))
    #expect(try zip.range(of: "folder/deflated.txt") == nil)
  }

  @Test(arguments: [
    ("unsafe_traversal.zip", ZipError.Cause.unsafeName), ("unsafe_absolute.zip", .unsafeName),
    ("unsafe_inner.zip", .unsafeName), ("unsafe_backslash.zip", .unsafeName), ("unsafe_drive.zip", .unsafeName),
    ("duplicate.zip", .duplicateName), ("overlap.zip", .overlapping),
  ])
  func `archives made to mislead are refused whole`(name: String, cause: ZipError.Cause) {
    let error = #expect(throws: ZipError.self) { try ZipReader(path: fixture(name)) }
    #expect(error?.cause == cause)
  }

  @Test func `a size that deflate cannot reach is refused`() {
    let error = #expect(throws: ZipError.self) { try ZipReader(path: fixture("bomb.zip")) }
    guard case .tooLarge = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a member whose own header has another name is refused`() {
    let error = #expect(throws: ZipError.self) { try ZipReader(path: fixture("wrong_name.zip")) }
    guard case .damaged = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `an unknown compression method is an error of that member only`() throws {
    let zip = try ZipReader(path: fixture("bzip2.zip"))
    #expect(throws: ZipError(archive: zip.name, member: "x", .unsupported("compression method 12"))) {
      try zip.read("x")
    }
  }

  @Test func `a wrong byte in a member is found by its checksum`() throws {
    var content = try bytes(of: fixture("plain.zip"))
    let position = try #require(content.indices.first { content[$0...].starts(with: "stored.txtstored".utf8) })
    content[position + 10] ^= 1
    let zip = try ZipReader(FileContents(content), name: "z")
    #expect(throws: ZipError(archive: "z", member: "stored.txt", .wrongChecksum)) { try zip.read("stored.txt") }
    #expect(throws: ZipError(archive: "z", member: "stored.txt", .wrongChecksum)) { try zip.range(of: "stored.txt") }
  }

  @Test func `an archive cut off anywhere is an error`() throws {
    let content = try bytes(of: fixture("plain.zip"))
    for length in 0..<content.count {
      #expect(throws: ZipError.self) { try ZipReader(FileContents(Array(content[..<length])), name: "cut") }
    }
  }

  @Test func `wrong bytes anywhere never crash`() throws {
    let content = try bytes(of: fixture("plain.zip"))
    for position in content.indices {
      for value: UInt8 in [0x00, 0x7f, 0xff] where content[position] != value {
        var damaged = content
        damaged[position] = value
        guard let zip = try? ZipReader(FileContents(damaged), name: "damaged") else { continue }
        for member in zip.members { _ = try? zip.read(member.name) }
      }
    }
  }

  @Test(arguments: [0xffff_ffff, 10])
  func `what is written is read, in the plain and in the zip64 form`(limit: Int) throws {
    let folder = try TemporaryFolder()
    let writer = try ZipWriter(replacing: folder.file("a.zip"), limit: limit)
    try writer.add("short", Array("short".utf8))
    try writer.add("folder/long", [UInt8](repeating: 3, count: 1000))
    try writer.add("empty", [UInt8]())
    #expect(!folder.files.contains("a.zip"))
    try writer.finish()
    #expect(folder.files == ["a.zip"])
    let zip = try ZipReader(path: folder.file("a.zip"))
    #expect(zip.members.map(\.name) == ["short", "folder/long", "empty"])
    #expect(try zip.read("short") == Array("short".utf8))
    #expect(try zip.read("folder/long") == [UInt8](repeating: 3, count: 1000))
    #expect(try zip.read("empty") == [])
  }

  @Test func `bytes before an archive are skipped`() throws {
    let content = Array("#!/bin/sh\n".utf8) + (try bytes(of: fixture("plain.zip")))
    let zip = try ZipReader(FileContents(content), name: "z")
    #expect(try zip.read("stored.txt") == Array("stored".utf8))
  }

  @Test func `a name that leads out of the archive is not written`() throws {
    let folder = try TemporaryFolder()
    let writer = try ZipWriter(replacing: folder.file("a.zip"))
    #expect(throws: ZipError.self) { try writer.add("../evil", [1]) }
  }
}
