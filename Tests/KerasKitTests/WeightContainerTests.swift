import Foundation
import KerasFile
import KerasKit
import PackedFixtures
import Testing
import ZipArchive

/// One model in every container of Keras 3, made by `Tools/fixtures/weight_containers.py`.
@Suite struct WeightContainerTests {
  private static let folder = PackedFixtures.folder("weight_containers")

  private func check(_ model: Model) throws {
    let truth = try ArrayFile.read("\(Self.folder)/model.npz")
    let output = try #require(model.predict(truth).first)
    #expect(try difference(output, #require(truth["y0"])) <= 1e-5)
  }

  @Test(arguments: [
    ("unzipped", FileFormat.kerasFolder), ("sharded_folder", .kerasFolder), ("npz.keras", .kerasArchive),
    ("deflated.keras", .kerasArchive), ("hdf5.keras", .hdf5Model),
  ])
  func `a whole model predicts what Keras predicted`(name: String, format: FileFormat) throws {
    #expect(try ModelFile.open("\(Self.folder)/\(name)").format == format)
    try check(try Model.load("\(Self.folder)/\(name)"))
  }

  /// Keras 3 pickles its Variable objects there: they are read as data, and a call in them never happens.
  @Test func `a call in pickled weights is not made`() throws {
    let folder = try Self.temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let mark = "\(folder)/made"
    let pickle =
      Array("\u{93}NUMPY\u{1}\0".unicodeScalars.map { UInt8($0.value) }) + [0x46, 0]
      + Array("{'descr': '|O', 'fortran_order': False, 'shape': (), }".utf8.prefix(70))
    let header = pickle + [UInt8](repeating: 0x20, count: 80 - pickle.count)
    let command = "touch \(mark)"
    let length = (0..<4).map { UInt8(truncatingIfNeeded: command.utf8.count >> (8 * $0)) }
    let program = Array("cos\nsystem\n(X".utf8) + length + Array("\(command)tR.".utf8)
    let zip = try ZipWriter(replacing: "\(folder)/w.npz")
    try zip.add("__root__.npy", header + program)
    try zip.finish()
    #expect(throws: KerasFileError.self) { try ModelFile.open("\(folder)/w.npz") }
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test(arguments: [
    ("model.weights.h5", FileFormat.hdf5PathWeights), ("model.weights.json", .shardedWeights),
    ("positional.npz", .numpyWeights), ("named.npz", .numpyWeights),
  ])
  func `weights fill their architecture`(name: String, format: FileFormat) throws {
    #expect(try ModelFile.open("\(Self.folder)/\(name)").format == format)
    try check(try Model.load(config: "\(Self.folder)/model.json", weights: "\(Self.folder)/\(name)"))
  }

  @Test func `the index of sharded weights finds its architecture beside it`() throws {
    try check(try Model.load("\(Self.folder)/model.weights.json"))
  }

  @Test func `shards are inside an archive too`() throws {
    let folder = try Self.temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let zip = try ZipWriter(replacing: "\(folder)/sharded.keras")
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(Self.folder)/sharded_folder").sorted() {
      try zip.add(name, [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/sharded_folder/\(name)"))))
    }
    try zip.finish()
    try check(try Model.load("\(folder)/sharded.keras"))
  }

  @Test(arguments: ["../model_00000.weights.h5", "/etc/passwd", "a/b.h5", "a\\\\b.h5", ".hidden", "..", "", "C:x.h5"])
  func `the name of a shard does not lead out of its folder`(shard: String) throws {
    let error = try #require(throws: KerasFileError.self) { try index(#"{"/layers/dense/vars": ["\#(shard)"]}"#) }
    guard case .unsupported = error.cause else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `what an index promises has to be there`() throws {
    #expect(throws: KerasFileError.self) { try index(#"{"/layers/dense/vars": "absent.weights.h5"}"#) }
    let shard = "model_00005.weights.h5"
    let error = try #require(throws: KerasFileError.self) {
      try index(#"{"/layers/dense_7/vars": ["\#(shard)"]}"#, with: shard)
    }
    #expect(error.description.contains("/layers/dense_7/vars"))
    #expect(throws: KerasFileError.self) { try index("[]") }
    #expect(throws: KerasFileError.self) { try index(#"{"/layers/dense/vars": [1]}"#) }
    #expect(try index(#"{"/layers/dense/vars": ["\#(shard)"]}"#, with: shard).format == .shardedWeights)
  }

  private func index(_ map: String, with shard: String? = nil) throws -> ModelSource {
    let folder = try Self.temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    if let shard { try FileManager.default.copyItem(atPath: "\(Self.folder)/\(shard)", toPath: "\(folder)/\(shard)") }
    try Data(#"{"metadata": {"total_size": 1.0}, "weight_map": \#(map)}"#.utf8).write(
      to: URL(fileURLWithPath: "\(folder)/x.weights.json"))
    return try ModelFile.open("\(folder)/x.weights.json")
  }

  private static func temporary() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }
}
