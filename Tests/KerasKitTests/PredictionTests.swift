import DataFiles
import Foundation
import HDF5
import KerasCore
import PackedFixtures
import Testing

@testable import KerasKit

/// Predictions for samples that are read while others are computed.
@Suite struct PredictionTests {
  /// Five numbers in, three classes out.
  private func classifier(threads: Int) throws -> Model {
    let model = try Model.load(PackedFixtures.path("models/keras-2.3.1/mlp_regularizers.h5"))
    model.threads = threads
    return model
  }

  private func samples(_ count: Int, _ shape: [Int] = [5]) throws -> TensorData {
    let width = shape.reduce(1, *)
    return try TensorData(
      shape: [count] + shape, floats: (0..<count * width).map { Float(($0 * 37) % 101) / 16 - 3 })
  }

  /// The outputs, joined, and the sizes of the batches.
  private func predict(
    _ model: Model, _ input: PredictionInput, batchSize: Int
  ) throws -> (results: [TensorData], sizes: [Int]) {
    let batches = Locked([[TensorData]]())
    var progress: [Int] = []
    try model.predict(input, batchSize: batchSize) { done, total in
      progress.append(done)
      #expect(total == input.count)
    } write: { outputs in
      batches.withLock { $0.append(outputs) }
    }
    let parts = batches.withLock { $0 }
    let sizes = parts.map { $0[0].shape[0] }
    var done = 0
    #expect(
      progress
        == sizes.map {
          done += $0
          return done
        })
    return (try parts[0].indices.map { index in try TensorData(joining: parts.map { $0[index] }) }, sizes)
  }

  @Test(arguments: [1, 2, 4]) func everyKindOfFileGivesWhatItsArraysGive(threads: Int) throws {
    let folder = try ScratchFolder()
    let x = try samples(103)
    let path = { (name: String) in "\(folder.path)/\(name)" }
    try NumpyFile.write(x, to: path("x.npy"))
    try NumpyArchive(members: [.init(name: "x", tensor: x), .init(name: "z", tensor: TensorData(1.5))])
      .write(to: path("x.npz"))
    try DelimitedTable.write(x, to: path("x.csv"))
    try DelimitedTable.write(x, header: ["a", "b", "c", "d", "e"], to: path("x.tsv"))
    let values: [Float] = try x.floats()
    let lines = (0..<103).map { "{\"x\": \(Array(values[$0 * 5..<$0 * 5 + 5]))}\n" }.joined()
    try lines.write(toFile: path("x.jsonl"), atomically: true, encoding: .utf8)
    let writer = try HDF5Writer(path: path("x.h5"))
    try writer.write(x, at: "x")
    try writer.finish()
    let model = try classifier(threads: threads)
    for batchSize in [1, 7, 32, 103, 500] {
      let expected = try model.predict([x], batchSize: batchSize)
      for name in ["x.npy", "x.npz", "x.csv", "x.tsv", "x.jsonl", "x.h5"] {
        let input = try PredictionInput.open(path(name), for: model)
        #expect(input.count == (["csv", "tsv"].contains(ArrayFile.ending(of: name)) ? nil : 103), "\(name)")
        let (results, sizes) = try predict(model, input, batchSize: batchSize)
        #expect(results == expected, "\(name), batches of \(batchSize)")
        #expect(sizes == stride(from: 0, to: 103, by: batchSize).map { min(batchSize, 103 - $0) })
        #expect(try input.first(9) == [x.rows(0..<9)])
      }
    }
  }

  @Test(arguments: [1, 2, 3]) func aFolderOfImages(threads: Int) throws {
    let model = try Model.load(PackedFixtures.path("models/keras-2.3.1/separable.h5"))
    model.threads = threads
    var options = ImageOptions()
    options.scale = 1 / 255
    let path = PackedFixtures.path("images/folder")
    let input = try PredictionInput.open(path, for: model, images: options)
    let images = try ImageFolder(path: path).images(options.form(for: model.inputs[0]))
    for batchSize in [1, 2, 4, 100] {
      #expect(try predict(model, input, batchSize: batchSize).results == model.predict([images], batchSize: batchSize))
    }
  }

  @Test(arguments: [1, 2]) func severalInputsGoByName(threads: Int) throws {
    let name = "models/keras-2.3.1/merge_functional"
    let model = try Model.load(PackedFixtures.path(name + ".h5"))
    model.threads = threads
    #expect(model.inputs.count > 1)
    let path = PackedFixtures.path(name + ".npz")
    let input = try PredictionInput.open(path, for: model)
    let expected: [TensorData] = try model.predict(try ArrayFile.read(path), batchSize: 3)
    #expect(try predict(model, input, batchSize: 3).results == expected)
  }

  /// What is wrong with a file is said as by reading all of it, whatever could be computed before.
  @Test(arguments: [1, 2]) func errorsAreThoseOfTheWholeFile(threads: Int) throws {
    let folder = try ScratchFolder()
    let path = { (name: String) in "\(folder.path)/\(name)" }
    let rows = try (0..<100).map { row in try Array(samples(100).floats()[row * 5..<row * 5 + 5]) }
    func table(_ change: (inout [[String]]) -> Void) -> String {
      var fields = rows.map { $0.map { "\($0)" } }
      change(&fields)
      return fields.map { $0.joined(separator: ",") + "\n" }.joined()
    }
    func lines(_ change: (inout [String]) -> Void) -> String {
      var lines = rows.map { "{\"x\": \($0)}" }
      change(&lines)
      return lines.joined(separator: "\n")
    }
    let texts = [
      "missing.csv": table { $0[56][3] = "" }, "text.csv": table { $0[56][3] = "oak" },
      // The first column with a text is named, though another has one earlier.
      "texts.csv": table { ($0[56][3], $0[70][1]) = ("oak", "ash") }, "ragged.csv": table { $0[56].removeLast() },
      "later.csv": table { ($0[20][2], $0[56][0]) = ("oak", "NA") }, "short.csv": table { $0 = $0.map { [$0[0]] } },
      "broken.jsonl": lines { $0[56] = "{\"x\": [1, 2" }, "other.jsonl": lines { $0[56] = "{\"z\": [1, 2, 3, 4, 5]}" },
      "texts.jsonl": lines { $0[56] = "{\"x\": [\"a\", \"b\", \"c\", \"d\", \"e\"]}" },
    ]
    for (name, text) in texts { try text.write(toFile: path(name), atomically: true, encoding: .utf8) }
    let archive = NumpyArchive(members: [.init(name: "x", tensor: try samples(100))])
    try archive.write(to: path("damaged.npz"))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path("damaged.npz")))
    bytes[1200] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path("damaged.npz")))
    try NumpyFile.write(samples(100), to: path("cut.npy"))
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("cut.npy")))
    try whole.prefix(1200).write(to: URL(fileURLWithPath: path("cut.npy")))
    try NumpyArchive(members: [.init(name: "a", tensor: try samples(4))]).write(to: path("names.npz"))
    try NumpyFile.write(samples(4, [6]), to: path("shape.npy"))
    for name in texts.keys.sorted() + ["damaged.npz", "cut.npy", "names.npz", "shape.npy", "none.csv"] {
      let model = try classifier(threads: threads)
      let expected = #expect(throws: KerasKitError.self) {
        let _: [TensorData] = try model.predict(try ArrayFile.read(path(name)))
      }
      let found = #expect(throws: KerasKitError.self) {
        _ = try predict(model, PredictionInput.open(path(name), for: model), batchSize: 8)
      }
      #expect(found?.description == expected?.description, "\(name)")
    }
  }

  @Test(arguments: [1, 2]) func anImageThatCannotBeReadIsNamed(threads: Int) throws {
    let folder = try ScratchFolder()
    let image = try Data(contentsOf: URL(fileURLWithPath: PackedFixtures.path("images/folder/cat/b.png")))
    try FileManager.default.createDirectory(atPath: folder.path + "/kind", withIntermediateDirectories: true)
    for index in 0..<100 {
      let bytes = [57, 58, 90].contains(index) ? image.prefix(50) : image
      try bytes.write(to: URL(fileURLWithPath: "\(folder.path)/kind/\(1000 + index).png"))
    }
    let model = try Model.load(PackedFixtures.path("models/keras-2.3.1/separable.h5"))
    model.threads = threads
    let input = try PredictionInput.open(folder.path, for: model)
    let written = Locked(0)
    let error = #expect(throws: KerasKitError.self) {
      try model.predict(input, batchSize: 10) { outputs in written.withLock { $0 += outputs[0].shape[0] } }
    }
    guard case .dataFile(let cause)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.file.hasSuffix("/kind/1057.png"))
    #expect(written.withLock { $0 } <= 50)
  }

  // MARK: Sources that are watched

  private struct Failure: Error {}

  /// Batches of a source that counts how many were read.
  private func counted(
    _ count: Int?, _ all: Int, read: Locked<Int>, failing: Int? = nil
  ) throws -> PredictionInput {
    let x = try samples(all)
    return PredictionInput(count: count) { budget in
      var position = 0
      return { limit in
        if let failing, position >= failing { throw Failure() }
        read.withLock { $0 += 1 }
        let rows = position..<min(position + limit, all)
        position = rows.upperBound
        return rows.isEmpty ? nil : [try x.rows(rows)]
      }
    }
  }

  @Test(arguments: [1, 2, 8]) func readingGoesTwoBatchesAhead(threads: Int) throws {
    let model = try classifier(threads: threads)
    let read = Locked(0)
    var computed = 0
    try model.predict(counted(400, 400, read: read), batchSize: 2) { _, _ in
      computed += 1
      // Two wait, and a third is made or stands at the door; on one thread there is none ahead.
      #expect(read.withLock { $0 } <= computed + (threads == 1 ? 0 : 3))
    } write: { _ in
    }
    #expect(computed == 200)
  }

  @Test func readingGoesOnWhileTheFirstBatchIsUsed() throws {
    let read = Locked(0)
    var isWaiting = true
    try classifier(threads: 2).predict(counted(40, 40, read: read), batchSize: 2) { _, _ in
      // This thread stands still, and still the next batches are read; it would take a minute for them not to be.
      var tries = 0
      while isWaiting, read.withLock({ $0 }) < 3, tries < 60_000 {
        Thread.sleep(forTimeInterval: 0.001)
        tries += 1
      }
      isWaiting = false
      #expect(read.withLock { $0 } >= 3)
    } write: { _ in
    }
  }

  @Test(arguments: [1, 2]) func earlyEnds(threads: Int) throws {
    let read = Locked(0)
    let model = try classifier(threads: threads)
    // Fewer samples than were promised, and none.
    for (count, all) in [(100, 50), (100, 0)] as [(Int?, Int)] + [(nil, 0), (0, 0)] {
      #expect(throws: KerasKitError.self) {
        try model.predict(counted(count, all, read: read)) { _ in }
      }
    }
    // Whoever cannot write ends it; nothing more is written, and reading stops.
    read.withLock { $0 = 0 }
    let written = Locked(0)
    #expect(throws: Failure.self) {
      try model.predict(counted(nil, 100_000, read: read), batchSize: 1) { _ in
        let count = written.withLock { count in
          count += 1
          return count
        }
        if count == 5 { throw Failure() }
      }
    }
    #expect(written.withLock { $0 } == 5)
    #expect(read.withLock { $0 } < 50)
    // A source's own error arrives, behind what was computed before it.
    var computed = 0
    #expect(throws: KerasKitError.self) {
      try model.predict(counted(nil, 100, read: read, failing: 57), batchSize: 10) { done, _ in
        computed = done
      } write: { _ in
      }
    }
    #expect(computed == 60)
  }

  // MARK: Batches that belong together

  /// A stateful LSTM for batches of four.
  private func stateful(threads: Int) throws -> Model {
    func layer(_ name: String, _ config: JSON) -> JSON { ["class_name": .string(name), "config": config] }
    let config: JSON = [
      "class_name": "Sequential",
      "config": [
        "name": "s",
        "layers": [
          layer("InputLayer", ["name": "x", "batch_shape": [4, 3, 2], "dtype": "float32"]),
          layer("LSTM", ["name": "l", "units": 3, "stateful": true]),
        ],
      ],
    ]
    let folder = try ScratchFolder()
    let path = folder.path + "/model.json"
    try Data(config.text().utf8).write(to: URL(fileURLWithPath: path))
    var options = LoadOptions(allowsPartialWeights: true)
    options.findsPartner = false
    let model = try Model.load(path, options: options)
    model.threads = threads
    return model
  }

  @Test(arguments: [1, 2, 3]) func statesGoFromBatchToBatch(threads: Int) throws {
    let model = try stateful(threads: threads)
    let folder = try ScratchFolder()
    let x = try samples(40, [3, 2])
    let path = folder.path + "/x.npy"
    try NumpyFile.write(x, to: path)
    let expected = try model.predict([x])
    for _ in 0..<2 {
      let (results, sizes) = try predict(model, PredictionInput.open(path, for: model), batchSize: 32)
      #expect(results == expected)
      #expect(sizes == Array(repeating: 4, count: 10))
    }
    // Every batch begins with the state that the one before left: alone it gives something else.
    let second = try predict(model, PredictionInput([x.rows(4..<8)], for: model), batchSize: 4).results
    #expect(try second[0] != expected[0].rows(4..<8))
    let error = #expect(throws: KerasKitError.self) {
      _ = try predict(model, PredictionInput([x.rows(0..<10)], for: model), batchSize: 4)
    }
    #expect(error?.description.contains("10 samples are no multiple") == true)
    // Tables do not say before how many there are, so that they are read as a whole.
    #expect(try PredictionInput.open(table(folder, 40), for: model).count == 40)
  }

  private func table(_ folder: ScratchFolder, _ rows: Int) throws -> String {
    let path = folder.path + "/x.csv"
    try DelimitedTable.write(samples(rows, [6]), to: path)
    return path
  }
}
