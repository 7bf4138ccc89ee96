import Foundation
import KerasCore
import Testing

@testable import KerasModel
@testable import KerasTraining

/// Frozen first layers that are computed once: the same weights and reports, bit for bit, as when each step computes them.
@Suite struct FrozenPrefixTests {
  /// All layers frozen but the last that has weights.
  private static func options(_ model: LoadedModel) throws -> TrainingOptions {
    let paths = try model.network.parameterSpecs().filter { $0.trainable }.map(\.layerName)
    var options = TrainingOptions(freeze: ["*"], unfreeze: [try #require(paths.last)], seed: 11)
    options.resumesOptimizer = false
    return options
  }

  /// A recorded model's samples again and again, a little different where they are no whole numbers.
  static func data(_ fixture: Fixture, count: Int = 23) throws -> DataSet {
    let few = try fixture.data()
    func more(_ array: TensorData, varies: Bool) throws -> TensorData {
      let values = try array.doubles()
      let row = values.count / few.count
      let isWhole = !varies || values.allSatisfy { $0 == $0.rounded() }
      let all = (0..<count).flatMap { sample -> [Double] in
        let start = sample % few.count * row
        return values[start..<start + row].map { isWhole ? $0 : $0 + 0.013 * Double(sample) }
      }
      return try TensorData(shape: [count] + array.shape.dropFirst(), doubles: all)
    }
    return try DataSet(
      inputs: try few.inputs.map { try more($0, varies: true) },
      targets: try few.targets.map { try more($0, varies: false) },
      sampleWeights: try few.sampleWeights.map { try more($0, varies: false) })
  }

  private struct Result: Equatable {
    var weights: [String: TensorData]
    var history: [JSON]
    var state: OptimizerState?
  }

  private func train(
    _ model: LoadedModel, _ options: TrainingOptions, _ data: any SampleSource, _ fit: FitOptions
  ) throws -> (result: Result, prefix: PrefixSummary?) {
    let trainer = try Trainer(model: model, options: options)
    let run = try trainer.run(data, fit)
    while try run.next() != nil {}
    let result = Result(
      weights: try trainer.weights(), history: run.history.epochs.map(\.json), state: try trainer.savedState())
    return (result, run.prefix)
  }

  /// In batches of one size, each sample where it was: in a batch of few samples, and in another row of a product (with
  /// oneDNN's kernels for AVX2), numbers are summed in another order.
  @Test(arguments: Fixture.names) func theResultIsTheSame(_ name: String) throws {
    let fixture = try Fixture(name)
    let data = try Self.data(fixture, count: 25)
    var options = try Self.options(fixture.model)
    let fit = FitOptions(epochs: 3, batchSize: 5, shuffles: false, validationSplit: 0.2)
    for threads in [1, 2] {
      options.threads = threads
      options.prefixCache.memoryLimit = 0
      let (expected, none) = try train(fixture.model, options, data, fit)
      #expect(none == nil)
      options.prefixCache.memoryLimit = 1 << 30
      let (found, prefix) = try train(fixture.model, options, data, fit)
      #expect(found == expected, "\(threads) threads, \(prefix?.layers ?? [])")
      options.prefixCache.memoryLimit = 1
      #expect(try train(fixture.model, options, data, fit).result == expected)
    }
  }

  @Test(arguments: Fixture.names) func shufflingBringsEachSampleItsOwnResults(_ name: String) throws {
    let fixture = try Fixture(name)
    let data = try Self.data(fixture, count: 25)
    var options = try Self.options(fixture.model)
    let fit = FitOptions(epochs: 3, batchSize: 5, validationSplit: 0.2)
    options.prefixCache.memoryLimit = 0
    let expected = try train(fixture.model, options, data, fit).result
    options.prefixCache.memoryLimit = 1 << 30
    let found = try train(fixture.model, options, data, fit).result
    func losses(_ result: Result) -> [Double] { result.history.compactMap { $0["loss"]?.doubleValue } }
    #expect(losses(expected).count == 3 && isClose(losses(found), losses(expected), 1e-6))
    #expect(found.weights.keys == expected.weights.keys)
    for (path, array) in expected.weights {
      #expect(isClose(try #require(found.weights[path]).doubles(), try array.doubles(), 1e-5), "\(path)")
    }
  }

  @Test func mostRecordedModelsHaveOne() throws {
    var found: [String: PrefixSummary] = [:]
    for name in Fixture.names {
      let fixture = try Fixture(name)
      let run = try Trainer(model: fixture.model, options: Self.options(fixture.model)).run(
        Self.data(fixture), FitOptions(epochs: 2))
      found[name] = run.prefix
    }
    #expect(found.count >= 60)
    #expect(found["keras-2.15/embedding_lstm_mask"]?.layers == ["embedding", "lstm"])
    #expect(found["keras-2.15/time_distributed"]?.layers.contains("lstm_2") == true)
    #expect(found["keras-2.15/shared_layer"]?.layers.contains("shared") == true)
  }

  /// From TensorFlow 2 on a frozen BatchNormalization normalises as in inference; before, by the batch.
  @Test(arguments: [("keras-2.15/conv_channels_last", true), ("keras-2.3.1/conv_channels_last", false)])
  func aFrozenBatchNormalizationBelongsToItWhereItsReleaseRunsItSo(_ name: String, _ isIn: Bool) throws {
    let fixture = try Fixture(name)
    let run = try Trainer(model: fixture.model, options: Self.options(fixture.model)).run(
      Self.data(fixture), FitOptions(epochs: 2))
    let layers = try #require(run.prefix?.layers)
    #expect(layers.contains { $0.hasPrefix("batch_normalization") } == isIn)
    #expect(layers.first?.hasPrefix("conv2d") == true)
  }

  @Test func aPassMadeOnceIsNotKept() throws {
    let fixture = try Fixture("keras-2.15/conv1d")
    let trainer = try Trainer(model: fixture.model, options: Self.options(fixture.model))
    #expect(try trainer.run(Self.data(fixture), FitOptions(epochs: 1)).prefix == nil)
    #expect(try trainer.run(Self.data(fixture), FitOptions(epochs: 2)).prefix != nil)
  }

  @Test func nothingIsKeptWhereAllIsTrained() throws {
    let fixture = try Fixture("keras-2.15/conv1d")
    #expect(try Trainer(model: fixture.model).run(Self.data(fixture), FitOptions(epochs: 2)).prefix == nil)
  }

  @Test(arguments: [nil, 7]) func aRunResumedAtAnyStepEndsWithTheSameBits(shuffleBuffer: Int?) throws {
    let fixture = try Fixture("keras-2.15/conv_channels_last")
    let data = try Self.data(fixture)
    let options = try Self.options(fixture.model)
    var fit = FitOptions(epochs: 4, batchSize: 5, validationSplit: 0.2)
    fit.shuffleBuffer = shuffleBuffer
    let expected = try train(fixture.model, options, data, fit).result
    for stop in 1...15 {
      let first = try Trainer(model: fixture.model, options: options).run(data, fit)
      for _ in 0..<stop { _ = try first.next() }
      var rest = fit
      rest.resume = try first.checkpoint()
      #expect(try train(fixture.model, options, data, rest).result == expected, "after step \(stop)")
    }
  }

  /// Counts how often it is read.
  private final class Source: ShuffledSource, @unchecked Sendable {
    let data: DataSet
    let shufflesItself: Bool
    private let lock = NSLock()
    private var reads = 0

    init(_ data: DataSet, shufflesItself: Bool) {
      self.data = data
      self.shufflesItself = shufflesItself
    }

    var readCount: Int { lock.withLock { reads } }
    var count: Int { data.count }
    var weightRanks: [Int] { data.weightRanks }

    func reader(from start: Int) -> any SampleReader {
      lock.withLock { reads += 1 }
      return data.reader(from: start)
    }

    func order(_ seed: UInt64) -> [Int]? { shufflesItself ? (0..<count).map { ($0 * 7 + Int(seed % 5)) % count } : nil }

    func shuffled(_ seed: UInt64) -> (any SampleSource)? {
      guard let order = order(seed), let rows = try? order.map({ try data.rows($0..<$0 + 1) }) else { return nil }
      func join(_ arrays: [TensorData]) throws -> TensorData {
        try TensorData(
          shape: [arrays.count] + arrays[0].shape.dropFirst(), floats: arrays.flatMap { try $0.floats() })
      }
      guard
        let all = try? DataSet(
          inputs: data.inputs.indices.map { index in try join(rows.map { $0.inputs[index] }) },
          targets: data.targets.indices.map { index in try join(rows.map { $0.targets[index] }) })
      else { return nil }
      lock.withLock { reads += 1 }
      return all
    }
  }

  @Test(arguments: [(false, 6), (false, nil), (true, nil)] as [(Bool, Int?)])
  func aStreamIsReadOnceAndKeepsItsOrder(shufflesItself: Bool, buffer: Int?) throws {
    let fixture = try Fixture("keras-2.15/conv1d")
    let data = try Self.data(fixture)
    var options = try Self.options(fixture.model)
    var fit = FitOptions(epochs: 4, batchSize: 5)
    fit.shuffleBuffer = buffer
    options.prefixCache.memoryLimit = 0
    let expected = try train(fixture.model, options, Source(data, shufflesItself: shufflesItself), fit).result
    options.prefixCache.memoryLimit = 1 << 30
    let source = Source(data, shufflesItself: shufflesItself)
    #expect(try train(fixture.model, options, source, fit).result == expected)
    // The source that shuffles itself is asked for its order, and its shuffled copy then read, in the first epoch only.
    if !shufflesItself { #expect(source.readCount == 1) }
  }

  @Test func theTemporaryFileHasNoNameAndAFullDiskIsSaid() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = try RowStore(count: 3, rowBytes: 8, isOnDisk: true, folder: folder)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    for id in [2, 0, 1] {
      #expect(!store.hasAll([id]))
      try [UInt8](repeating: UInt8(id + 1), count: 8).withUnsafeBytes { try store.write(id, $0) }
      #expect(store.hasAll([id]))
    }
    #expect(store.isComplete)
    var row = [UInt8](repeating: 0, count: 8)
    try row.withUnsafeMutableBytes { try store.read(1, into: $0) }
    #expect(row == [UInt8](repeating: 2, count: 8))
    #expect(throws: TrainingError.self) {
      _ = try RowStore(count: 1 << 20, rowBytes: 1 << 40, isOnDisk: true, folder: folder)
    }
    #expect(throws: TrainingError.self) {
      _ = try RowStore(count: 1, rowBytes: 8, isOnDisk: true, folder: folder + "/nowhere")
    }
  }
}
