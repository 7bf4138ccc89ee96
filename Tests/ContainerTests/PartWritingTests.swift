import KerasCore
import Testing
import ZipArchive

@testable import DataFiles

/// Files that are written and read part by part are those of the whole.
@Suite struct PartWritingTests {
  private static func arrays() throws -> [TensorData] {
    let numbers = (0..<7 * 6).map { Float($0) / 3 - 2 }
    let floats = try TensorData(shape: [7, 2, 3], floats: numbers)
    return [
      floats, try floats.converted(to: .float64), try floats.converted(to: .bfloat16),
      try TensorData(shape: [7], int64s: (0..<7).map { Int64($0) << 40 }),
      try TensorData(shape: [7, 1], strings: ["a", "größe", "", "日本", "b,c", "\"d\"", "e\nf"]),
    ]
  }

  private static let parts = [[7], [3, 4], [1, 1, 1, 1, 1, 1, 1], [6, 1]]

  private func cut(_ array: TensorData, _ sizes: [Int]) throws -> [TensorData] {
    var start = 0
    return try sizes.map { size in
      defer { start += size }
      return try array.rows(start..<start + size)
    }
  }

  @Test(arguments: parts) func numpyFiles(sizes: [Int]) throws {
    let folder = try TemporaryFolder()
    let arrays = try Self.arrays()
    var members: [(name: String, array: NumpySpool)] = []
    for (index, array) in arrays.enumerated() {
      let spool = NumpySpool(for: folder.file("a.npy"))
      for part in try cut(array, sizes) { try spool.append(part) }
      try spool.write(to: folder.file("a.npy"))
      try NumpyFile.write(array, to: folder.file("b.npy"))
      #expect(try bytes(of: folder.file("a.npy")) == bytes(of: folder.file("b.npy")))
      members.append(("y\(index)", spool))
    }
    try NumpySpool.write(members, to: folder.file("a.npz"))
    try NumpyArchive(members: arrays.enumerated().map { .init(name: "y\($0)", tensor: $1) })
      .write(to: folder.file("b.npz"))
    #expect(try bytes(of: folder.file("a.npz")) == bytes(of: folder.file("b.npz")))
  }

  @Test(arguments: parts, ["csv", "tsv"]) func tables(sizes: [Int], ending: String) throws {
    let folder = try TemporaryFolder()
    for array in try Self.arrays() {
      let header = (0..<array.elementCount / 7).map { "c\($0)" }
      let writer = DelimitedWriter(path: folder.file("a.\(ending)"))
      for part in try cut(array, sizes) { try writer.append(part, header: header) }
      try writer.finish()
      try DelimitedTable.write(array, header: header, to: folder.file("b.\(ending)"))
      #expect(try bytes(of: folder.file("a.\(ending)")) == bytes(of: folder.file("b.\(ending)")))
    }
  }

  @Test func partsThatDoNotFitAreRefused() throws {
    let folder = try TemporaryFolder()
    let spool = NumpySpool(for: folder.file("a.npy"))
    try spool.append(TensorData(shape: [1, 2], floats: [1, 2]))
    #expect(throws: DataFileError.self) { try spool.append(TensorData(shape: [1, 3], floats: [1, 2, 3])) }
    #expect(throws: DataFileError.self) { try spool.append(TensorData(shape: [1, 2], int32s: [1, 2])) }
  }

  @Test(arguments: [0, 10, 100, 1 << 20]) func bytesPutAsideComeBackAndLeaveNothing(limit: Int) throws {
    let folder = try TemporaryFolder()
    let all = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    do {
      let spool = Spool(for: folder.file("a"), memoryLimit: limit)
      for start in stride(from: 0, to: all.count, by: 777_777) {
        try spool.append(Array(all[start..<min(start + 777_777, all.count)]))
        #expect(folder.files.isEmpty)
      }
      #expect(spool.count == all.count)
      for _ in 0..<2 {
        var found: [UInt8] = []
        try spool.forEachPart { part throws(FileError) in found += part }
        #expect(found == all)
      }
    }
    #expect(folder.files.isEmpty)
    let nowhere = Spool(for: "/no/such/folder/a", memoryLimit: 1)
    let error = #expect(throws: FileError.self) { try nowhere.append([1, 2, 3]) }
    #expect(error?.path == "/no/such/folder/a")
  }

  // MARK: Reading

  private func rows(_ path: String, _ limit: Int) throws -> TensorData {
    let reader = try DelimitedRows(path: path)
    var parts: [TensorData] = []
    while let part = try reader.next(limit) {
      #expect(part.shape[0] <= limit)
      parts.append(try part.converted(to: .float64))
    }
    return try TensorData(joining: parts)
  }

  @Test(arguments: [
    "1,2\n3,4\n5,6\n", "a,b\n1,2\n\n3,4.5\n", "\u{feff}x;y\r\n1;2\r\n3;4", "1\t2\n\"3\"\t4\n", "1,16777217\n2,3\n",
    "a\r1\r2\r", " 1 , 2 \n3,1e-3\n",
  ]) func tablesOfNumbers(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.csv")
    try AtomicFile.write(Array(text.utf8), to: path)
    let table = try DelimitedTable(path: path)
    let expected = try table.matrix(Array(table.columns.indices)).converted(to: .float64)
    for limit in [1, 2, 100] { #expect(try rows(path, limit) == expected) }
  }

  @Test(arguments: ["", "a,b\n", "1,2\n3\n", "1,2\n3,\n", "1,2\n3,x\n", "1,2\n\"3,4\n", "1,2\n3,4,5\n"])
  func tablesThatAreNone(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.csv")
    try AtomicFile.write(Array(text.utf8), to: path)
    let expected = #expect(throws: DataFileError.self) {
      let table = try DelimitedTable(path: path)
      _ = try table.matrix(Array(table.columns.indices))
    }
    let found = #expect(throws: DataFileError.self) {
      _ = try rows(path, 1)
    }
    #expect(found == expected)
  }

  @Test func damageOfAStoredArrayIsFoundWhenAllIsRead() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npz")
    let array = try TensorData(shape: [100, 50], floats: (0..<5000).map { Float($0) })
    try NumpyArchive(members: [.init(name: "x", tensor: array)]).write(to: path)
    func read() throws -> [TensorData] {
      let reader = try #require(NumpyStream.archive(path: path, verifying: true).first).reader(from: 0)
      var parts: [TensorData] = []
      while let part = try reader.next(30)?["x"] { parts.append(part) }
      return parts
    }
    #expect(try TensorData(joining: read()) == array)
    var damaged = try bytes(of: path)
    damaged[10_000] ^= 1
    try AtomicFile.write(damaged, to: path)
    let error = #expect(throws: DataFileError.self) { try read() }
    guard case .zip(let cause)? = error?.cause, case .wrongChecksum = cause.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
