import DataFiles
import Foundation
import KerasKit
import Testing

/// Files read part by part give what they give as a whole.
@Suite struct SampleSourceTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path(percentEncoded: false)

  private func fixture(_ name: String) -> String { Self.root + "fixtures/" + name }

  private func path(_ name: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent(name).path
  }

  /// All samples of a source, read in parts of a size, from a start on.
  private func read(_ source: any SampleSource, parts: Int, from start: Int = 0) throws -> (x: [[Float]], y: [[Float]])
  {
    var (x, y): ([[Float]], [[Float]]) = ([], [])
    let reader = try source.reader(from: start)
    while let part = try reader.next(parts) {
      #expect(part.count <= parts)
      func rows(_ array: TensorData) throws -> [[Float]] {
        let values = try array.floats()
        let width = values.count / part.count
        return (0..<part.count).map { Array(values[$0 * width..<($0 + 1) * width]) }
      }
      x += try rows(part.inputs[0])
      y += try rows(part.targets[0])
    }
    return (x, y)
  }

  private func check(_ path: String, _ model: Model, _ options: SampleOptions = SampleOptions()) throws {
    var options = options
    let whole = try SampleFile.open(path, for: model, options)
    #expect(whole.isInMemory)
    options.memoryLimit = 0
    let stream = try SampleFile.open(path, for: model, options)
    #expect(!stream.isInMemory)
    #expect(stream.source.count == whole.source.count)
    #expect(stream.labels == whole.labels)
    let expected = try read(whole.source, parts: 1 << 20)
    for (parts, start) in [(1, 0), (3, 0), (64, 1), (1 << 20, 2)] {
      let found = try read(stream.source, parts: parts, from: start)
      #expect(found.x == Array(expected.x.dropFirst(start)), "\(path), parts of \(parts)")
      #expect(found.y == Array(expected.y.dropFirst(start)), "\(path), parts of \(parts)")
    }
  }

  @Test func archivesStoredAndCompressed() throws {
    let model = try Model.load(fixture("demo/digits-2017.h5"))
    // NumPy's own, compressed; and ours, stored.
    let compressed = fixture("demo/digits.npz")
    try check(compressed, model)
    let archive = try NumpyArchive(path: compressed)
    let stored = try path("stored.npz")
    try archive.write(to: stored)
    try check(stored, model)
    let x = try path("x.npy")
    try NumpyFile.write(try #require(archive["x"]), to: x)
    let y = try path("y.npy")
    try NumpyFile.write(try #require(archive["y"]), to: y)
    try check(x, model, SampleOptions(targets: [y]))
    #expect(
      try read(SampleFile.open(stored, for: model).source, parts: 100).x
        == read(SampleFile.open(compressed, for: model).source, parts: 100).x)
  }

  @Test func aDamagedCompressedArrayIsNoticed() throws {
    let model = try Model.load(fixture("demo/digits-2017.h5"))
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture("demo/digits.npz"))))
    bytes[bytes.count / 2] ^= 0xff
    let damaged = try path("damaged.npz")
    try Data(bytes).write(to: URL(filePath: damaged))
    #expect(throws: (any Error).self) {
      let opened = try SampleFile.open(damaged, for: model, SampleOptions(memoryLimit: 0))
      _ = try read(opened.source, parts: 50)
    }
  }

  @Test func tablesAndLines() throws {
    let model = try Model.load(fixture("models/keras-2.3.1/mlp_regularizers.h5"))
    var (table, lines) = ("a,b,c,d,e,kind\n", "")
    let kinds = ["x \"1\"", "y,2", "z\n3"]
    // More than the rows between two remembered places.
    for row in 0..<9001 {
      let numbers = (0..<5).map { "\(Double((row * 13 + $0 * 7) % 101) / 8)" }.joined(separator: ",")
      let kind = kinds[row * 7 % 3]
      table += numbers + ",\"" + kind.replacing("\"", with: "\"\"") + "\"\r\n"
      let escaped = kind.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      lines += "{\"x\": [\(numbers)], \"y\": \"\(escaped)\"}\n" + (row % 100 == 0 ? "\n" : "")
    }
    let (csv, jsonl) = (try path("t.csv"), try path("t.jsonl"))
    try table.write(toFile: csv, atomically: true, encoding: .utf8)
    try lines.write(toFile: jsonl, atomically: true, encoding: .utf8)
    try check(csv, model, SampleOptions(targets: ["kind"]))
    try check(jsonl, model)
    let opened = try SampleFile.open(csv, for: model, SampleOptions(targets: ["kind"], memoryLimit: 0))
    #expect(opened.labels?.targets == [LabelMap.Target(name: "kind", classes: kinds.sorted())])
    let late = try read(opened.source, parts: 7, from: 8200)
    let row: [Float] = (0..<5).map { (column: Int) -> Float in Float((106_600 + column * 7) % 101) / 8 }
    #expect(late.x.first == row)
    #expect(late.x.count == 801)
    #expect(
      try read(SampleFile.open(jsonl, for: model).source, parts: 5000).y
        == read(opened.source, parts: 5000).y)
  }

  @Test func dataSetsOfAnHDF5File() throws {
    let model = try Model.load(fixture("models/keras-2.3.1/mlp_adam.h5"))
    try check(
      fixture("images/rows.h5"), model, SampleOptions(targets: ["label"], loss: "categorical_crossentropy"))
  }

  @Test func imagesByClass() throws {
    let model = try Model.load(fixture("models/keras-2.3.1/separable.h5"))
    let folder = try path("images")
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: fixture("images/folder/\(name)"), toPath: "\(folder)/\(name)")
    }
    let options = SampleOptions(loss: "categorical_crossentropy")
    try check(folder, model, options)
    #expect(try SampleFile.open(folder, for: model, options).labels?.targets.first?.classes == ["cat", "dog"])
    var shuffled = options
    shuffled.shuffleSeed = 3
    let (plain, mixed) = (
      try read(SampleFile.open(folder, for: model, options).source, parts: 100),
      try read(SampleFile.open(folder, for: model, shuffled).source, parts: 100)
    )
    #expect(plain.y != mixed.y)
    func samples(_ read: (x: [[Float]], y: [[Float]])) -> Set<[Float]> { Set(zip(read.x, read.y).map { $0.0 + $0.1 }) }
    #expect(samples(plain) == samples(mixed))
  }

  @Test func arraysInFortranOrderAreReadAsAWhole() throws {
    let model = try Model.load(fixture("models/keras-2.3.1/mlp_regularizers.h5"))
    let file = try path("f.npy")
    var header = "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 5), }"
    header += String(repeating: " ", count: 127 - 10 - header.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8))
    for column in 0..<5 {
      for row in 0..<3 { withUnsafeBytes(of: Float(row * 5 + column)) { data.append(contentsOf: $0) } }
    }
    try data.write(to: URL(filePath: file))
    let targets = try path("t.npy")
    try NumpyFile.write(try TensorData(shape: [3, 3], floats: [1, 0, 0, 0, 1, 0, 0, 0, 1]), to: targets)
    try check(file, model, SampleOptions(targets: [targets]))
    #expect(
      try read(SampleFile.open(file, for: model, SampleOptions(targets: [targets])).source, parts: 9).x[1] == [
        5, 6, 7, 8, 9,
      ])
  }

  @Test func aMapOfLabelsComesBackFromItsFile() throws {
    let map = LabelMap(targets: [
      .init(name: "a \"b\"", classes: ["é", "\n", "x"]), .init(name: "c", classes: ["1", "2"]),
    ])
    let file = try path("m.labels.json")
    try map.write(to: file)
    #expect(try LabelMap.read(file) == map)
    for text in ["", "{}", "[1]", "{\"targets\": [{\"name\": \"x\"}]}"] {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      #expect(throws: KerasKitError.self) { try LabelMap.read(file) }
    }
  }
}
