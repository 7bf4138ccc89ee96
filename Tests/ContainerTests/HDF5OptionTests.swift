import DataFiles
import Foundation
import HDF5
import KerasCore
import Testing
import ZipArchive

/// Files with every creation option of h5py, read as h5py reads them (`Tools/fixtures/hdf5_options.py`).
@Suite struct HDF5OptionTests {
  private static let archive = try? ZipReader(path: fixture("../hdf5_options.zip"))

  /// Releases of the library, with the forms that each was told to write.
  static let names = (archive?.members ?? []).map(\.name).filter { $0.hasSuffix(".npz") }.map { String($0.dropLast(4)) }

  private func content(_ member: String) throws -> [UInt8] { try #require(Self.archive).read(member) }

  private func file(_ name: String) throws -> HDF5File {
    try HDF5File(FileContents(content("\(name).h5")), name: name)
  }

  /// What h5py read, by path: an attribute's name stands behind an `@`.
  private func truth(_ name: String) throws -> NumpyArchive {
    let folder = try TemporaryFolder()
    try Data(content("\(name).npz")).write(to: URL(fileURLWithPath: folder.file("truth.npz")))
    return try NumpyArchive(path: folder.file("truth.npz"))
  }

  @Test func everyFormIsThere() { #expect(Self.names.count >= 6) }

  @Test(arguments: names)
  func `every data set and attribute is what h5py reads`(name: String) throws {
    let file = try file(name)
    let truth = try truth(name)
    #expect(truth.members.count > 80)
    for member in truth.members {
      let path = member.name.replacing("|", with: "/").split(separator: "@")
      let found: TensorData?
      do {
        found =
          try path.count == 2
          ? file.attribute(String(path[1]), of: String(path[0])) : file.read(String(path[0]))
      } catch {
        Issue.record("\(name), \(member.name): \(error)")
        continue
      }
      #expect(found == member.tensor, "\(name), \(member.name)")
    }
  }

  @Test(arguments: names)
  func `soft links lead through the file and only through it`(name: String) throws {
    let file = try file(name)
    #expect(try file.kind(of: "/soft_group") == .group)
    #expect(try file.kind(of: "/soft_nowhere") == nil)
    #expect(throws: HDF5Error(file: file.name, object: "/soft_nowhere", .missing)) { try file.read("/soft_nowhere") }
    let circle = #expect(throws: HDF5Error.self) { try file.read("/soft_circle") }
    #expect("\(try #require(circle))".contains("soft links"))
    let external = #expect(throws: HDF5Error.self) { try file.read("/external") }
    #expect("\(try #require(external))".contains("'/inside' in another file, 'other.h5'"))
  }

  @Test(arguments: names)
  func `what is not read is refused by name`(name: String) throws {
    let file = try file(name)
    for (object, reason) in [("virtual", "other.h5"), ("elsewhere", "other.bin"), ("compound", "compound")] {
      let error = #expect(throws: HDF5Error.self) { try file.read(object) }
      #expect("\(try #require(error))".contains(reason), "\(object)")
    }
  }

  @Test(arguments: names)
  func `many attributes and members are all there`(name: String) throws {
    let file = try file(name)
    #expect(try file.children(of: "/many").count == 60)
    #expect(try file.attributeNames(of: "/many").count == (name.hasSuffix("earliest") ? 61 : 62))
    if !name.hasSuffix("earliest") {
      #expect(try file.text("large", of: "/many") == String(repeating: "y", count: 150_000))
    }
  }

  /// Of a new-format file all that describes its objects stands under checksums.
  @Test func `a wrong byte in what describes objects is found`() throws {
    let content = try content("hdf5-2.0_latest.h5")
    var seen: Set<String> = []
    for signature in [
      "OHDR", "OCHK", "BTHD", "BTLF", "FRHP", "FHIB", "FHDB", "FAHD", "FADB", "EAHD", "EAIB", "EADB", "EASB",
    ] {
      let places = content.indices.dropLast(40).filter { content[$0...].starts(with: signature.utf8) }
      // Some may be left of what was deleted or never be asked for: one of each kind is enough.
      for place in places.prefix(200) where !seen.contains(signature) {
        var damaged = content
        damaged[place + 5] ^= 0x40
        if try messages(damaged).contains(where: { $0.contains("checksum") }) { seen.insert(signature) }
      }
      #expect(seen.contains(signature), "\(signature) of \(places.count)")
    }
  }

  /// What is said of every object that cannot be read.
  private func messages(_ content: [UInt8]) throws -> [String] {
    var messages: [String] = []
    do {
      let file = try HDF5File(FileContents(content), name: "damaged")
      for name in try file.children(of: "/") + ["many/member_3"] {
        do {
          if try file.kind(of: name) == .dataset {
            _ = try file.read(name)
          } else {
            _ = try file.attributeNames(of: name)
          }
        } catch { messages.append("\(error)") }
      }
    } catch { messages.append("\(error)") }
    return messages
  }
}
