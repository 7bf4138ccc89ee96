import Foundation
import HDF5
import Testing

/// Some rows of a data set are those of the whole, however it is stored.
@Suite struct HDF5RowsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/containers").path(percentEncoded: false)

  private func sets(of file: HDF5File, in group: String = "") throws -> [String] {
    var found: [String] = []
    for name in try file.children(of: group.isEmpty ? "/" : group) {
      let path = "\(group)/\(name)"
      switch try? file.kind(of: path) {
      case .dataset?: found.append(path)
      case .group?: found += try sets(of: file, in: path)
      default: continue
      }
    }
    return found
  }

  @Test(arguments: ["format_earliest.h5", "format_v108.h5", "format_latest.h5", "numbers.h5", "lzf.h5"])
  func rowsAreThoseOfTheWhole(_ name: String) throws {
    let file = try HDF5File(path: Self.folder + "/" + name)
    var compared = 0
    for path in try sets(of: file) {
      guard let whole = try? file.read(path), let count = whole.shape.first, count > 0 else { continue }
      let rows = try HDF5Rows(file, path: path)
      #expect(rows.shape == whole.shape)
      for size in Set([1, 2, 3, max(1, count / 2), count]) where count / size <= 64 {
        for start in stride(from: 0, to: count, by: size) {
          let range = start..<min(start + size, count)
          #expect(try rows.read(range) == whole.rows(range), "\(name)\(path) \(range)")
        }
      }
      #expect(throws: HDF5Error.self) { try rows.read(0..<count + 1) }
      compared += 1
    }
    #expect(compared > 0)
  }
}
