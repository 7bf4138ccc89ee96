import Foundation
import KerasFile
import KerasKit
import PackedFixtures
import Testing

/// SavedModels and checkpoints of TensorFlow, made by `Tools/fixtures/saved_models.py`.
@Suite struct SavedModelTests {
  private static let folder = PackedFixtures.folder("saved_models")
  private static let releases = ["tf1.15", "tf2.4", "tf2.5", "tf2.8", "tf2.15"]

  private func check(_ model: Model, _ name: String, tolerance: Double = 1e-5) throws {
    let truth = try ArrayFile.read("\(Self.folder)/\(name).npz")
    let outputs = try model.predict(truth)
    for (index, output) in outputs.enumerated() {
      #expect(try difference(output, #require(truth["y\(index)"])) <= tolerance)
    }
    #expect(outputs.count == truth.keys.filter { $0.hasPrefix("y") }.count)
  }

  /// Of each release; TensorFlow 1.15 has no attention layer of this kind.
  private static func models(_ kinds: String...) -> [String] {
    releases.flatMap { release in kinds.map { "\(release)_\($0)" } }.filter { $0 != "tf1.15_attention" }
  }

  @Test(arguments: models("dense", "convolution", "nested", "recurrent", "attention"))
  func `a SavedModel predicts what TensorFlow predicted`(_ name: String) throws {
    try check(try Model.load("\(Self.folder)/\(name)"), name)
  }

  @Test(arguments: releases)
  func `half precision is read`(_ release: String) throws {
    // Half precision has a step of 1/1024 at 1; we compute in float32.
    try check(try Model.load("\(Self.folder)/\(release)_half"), "\(release)_half", tolerance: 1e-3)
  }

  @Test(arguments: models("dense", "nested", "recurrent", "attention"))
  func `a checkpoint fills the architecture it was saved from`(_ name: String) throws {
    for weights in ["\(name).ckpt", "\(name).ckpt.index"] {
      let model = try Model.load(config: "\(Self.folder)/\(name).json", weights: "\(Self.folder)/\(weights)")
      try check(model, name)
    }
  }

  @Test(arguments: releases, ["dense", "convolution", "nested"])
  func `the optimizer's state comes in the order of its own weights`(_ release: String, _ kind: String) throws {
    let name = "\(release)_\(kind)"
    let truth = try ArrayFile.read("\(Self.folder)/\(name).optimizer.npz")
    let expected = try truth.keys.sorted().filter { !$0.contains("learning_rate") }.map { try #require(truth[$0]) }
    let found = try ModelFile.open("\(Self.folder)/\(name)").optimizerWeights
    #expect(found.map(\.shape) == expected.map(\.shape))
    for (array, value) in zip(found, expected) {
      #expect(try array.read().doubles() == value.doubles(), "\(array.name)")
    }
  }

  @Test(arguments: [
    "names.ckpt", "names.ckpt.index", "sharded.ckpt", "sliced.ckpt", "latest", "latest/checkpoint",
    "latest/model.ckpt-1",
  ])
  func `a checkpoint of names fills the architecture that is given`(_ weights: String) throws {
    let model = try Model.load(config: "\(Self.folder)/names.json", weights: "\(Self.folder)/\(weights)")
    try check(model, "names")
  }

  @Test func `a checkpoint of names leaves the optimizer's values out`() throws {
    let source = try ModelFile.open("\(Self.folder)/names.ckpt")
    guard case .groups(let groups) = source.weights else {
      Issue.record("\(source.weights)")
      return
    }
    #expect(groups.map(\.name) == ["a_lstm", "dense", "norm", "zz_conv"])
    #expect(groups.map(\.arrays.count) == [3, 2, 4, 2])
  }

  /// Tables that lie in the graph's constants (2.15) or in the checkpoint (2.5).
  @Test(arguments: ["tf2.5_lookups", "tf2.15_lookups"])
  func `lookup layers have the vocabularies that they learned`(_ name: String) throws {
    let truth = try ArrayFile.read("\(Self.folder)/\(name).npz")
    let outputs = try Model.load("\(Self.folder)/\(name)").predict(truth)
    #expect(outputs.count == 5)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(truth["y\(index)"])
      #expect(try output.doubles() == expected.doubles(), "\(index)")
    }
  }

  @Test(arguments: [
    ("keras3_export", "model.export"), ("tf2.5_subclass", "Own"), ("tf2.15_subclass", "Own"),
  ])
  func `a folder without an architecture says what it is and gives its weights to one`(
    _ name: String, _ word: String
  ) throws {
    let error = #expect(throws: KerasKitError.self) { try Model.load("\(Self.folder)/\(name)") }
    let message = "\(try #require(error))"
    #expect(message.contains(word) && message.contains("--config") && message.contains("--weights"))
    try check(Model.load(config: "\(Self.folder)/\(name).json", weights: "\(Self.folder)/\(name)"), name)
  }

  /// Forms that TensorFlow reads too: an index packed by Snappy, and the other byte order.
  @Test(arguments: ["snappy", "big_endian"])
  func `forms of checkpoints that are seldom written are read`(_ form: String) throws {
    let weights = "\(Self.folder)/forms/\(form).ckpt"
    try check(Model.load(config: "\(Self.folder)/tf2.15_dense.json", weights: weights), "tf2.15_dense")
  }

  @Test func `damaged checkpoints are typed errors`() throws {
    let source = "\(Self.folder)/tf2.15_dense.ckpt"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let index = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + ".index")))
    let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + ".data-00000-of-00001")))
    var random = RepeatableNumbers(state: 7)
    var refused = 0
    for round in 0..<300 {
      var (index, data) = (index, data)
      if round % 2 == 0 {
        index[Int(random.next() % UInt64(index.count))] ^= UInt8(1 + random.next() % 255)
      } else {
        data[Int(random.next() % UInt64(data.count))] ^= UInt8(1 + random.next() % 255)
      }
      if round % 7 == 0 { index = Array(index.prefix(Int(random.next() % UInt64(index.count)))) }
      try Data(index).write(to: URL(fileURLWithPath: folder + "/c.index"))
      try Data(data).write(to: URL(fileURLWithPath: folder + "/c.data-00000-of-00001"))
      do throws(KerasFileError) {
        let opened = try ModelFile.open(folder + "/c")
        guard case .groups(let groups) = opened.weights else { continue }
        for array in groups.flatMap(\.arrays) + opened.optimizerWeights { _ = try array.read() }
      } catch {
        refused += 1
      }
    }
    // What is left lies in bytes that nothing reads: padding, learning rates, names.
    #expect(refused > 150)
  }
}

/// A small repeatable generator.
private struct RepeatableNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
