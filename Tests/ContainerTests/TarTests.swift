import Foundation
import KerasCore
import Testing

@testable import ZipArchive

/// Archives that the system's `tar` and `gzip` make.
@Suite struct TarTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tar-\(UUID().uuidString)").path
    let deep = folder + "/in/" + [String](repeating: "a-folder-with-a-long-name", count: 8).joined(separator: "/")
    try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
    try Data("deep".utf8).write(to: URL(fileURLWithPath: deep + "/file.txt"))
    try Data((0..<1300).map { UInt8($0 % 251) }).write(to: URL(fileURLWithPath: folder + "/in/numbers"))
    try Data().write(to: URL(fileURLWithPath: folder + "/in/empty"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/in/link", withDestinationPath: "/etc/passwd")
  }

  private func run(_ program: String, _ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  private func contents(_ tar: TarReader) throws -> [String: [UInt8]] {
    var tar = tar
    var found: [String: [UInt8]] = [:]
    while let entry = try tar.entry() {
      if entry.kind == .file {
        found[entry.name] = []
        while case let part = try tar.read(100), !part.isEmpty { found[entry.name]? += part }
        #expect(found[entry.name]?.count == entry.size)
      } else if entry.kind == .other {
        found["other " + entry.name] = []
      }
    }
    return found
  }

  private func reader(_ bytes: [UInt8]) -> TarReader {
    var position = 0
    return TarReader(name: "x.tar") { (count) throws(ZipError) in
      let end = min(bytes.count, position + count)
      defer { position = end }
      return Array(bytes[position..<end])
    }
  }

  @Test(arguments: ["gnu", "pax", "ustar"]) func everyFormatHoldsTheSame(format: String) throws {
    try run("tar", "--format=\(format)", "-C", "in", "-cf", "\(format).tar", ".")
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(format).tar")))
    #expect(TarReader.isOne(Array(bytes.prefix(512))))
    let found = try contents(reader(bytes))
    #expect(found["numbers"] == (0..<1300).map { UInt8($0 % 251) })
    #expect(found["empty"] == [])
    #expect(found["other link"] != nil)
    let deep = found.keys.first { $0.hasSuffix("/file.txt") }
    #expect(deep.flatMap { found[$0] } == Array("deep".utf8))
    #expect(deep?.split(separator: "/").count == 9)
  }

  @Test func gzipInSeveralStreamsIsReadToItsEnd() throws {
    try run(
      "sh", "-c", "tar -C in -cf whole.tar . && (head -c 5000 whole.tar | gzip; tail -c +5001 whole.tar | gzip) > x.gz")
    let gzip = try GzipStream(FileContents(path: "\(folder)/x.gz"), name: "x.gz")
    let tar = TarReader(name: "x.gz") { (count) throws(ZipError) in try gzip.read(count) }
    #expect(try contents(tar).keys.contains("numbers"))
  }

  @Test func cutOffOrChangedArchivesAreErrors() throws {
    try run("tar", "-cf", "x.tar", "-C", "in", "numbers")
    try run("gzip", "-k", "x.tar")
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/x.tar")))
    #expect(throws: ZipError.self) { try contents(reader(Array(bytes.prefix(900)))) }
    var changed = bytes
    changed[0] ^= 1
    #expect(!TarReader.isOne(Array(changed.prefix(512))))
    #expect(throws: ZipError.self) { try contents(reader(changed)) }
    let packed = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/x.tar.gz")))
    let gzip = try GzipStream(FileContents(Array(packed.dropLast(9))), name: "x.gz")
    #expect(throws: ZipError.self) { try gzip.read(1 << 20) }
  }

  @Test func namesThatLeadOutAreRefused() throws {
    try run("tar", "-P", "-cf", "up.tar", "--transform", "s,^in,../in,", "in/numbers")
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/up.tar")))
    let error = #expect(throws: ZipError.self) { try contents(reader(bytes)) }
    #expect(error?.cause == .unsafeName)
  }
}
