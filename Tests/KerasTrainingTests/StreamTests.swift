import KerasCore
import Testing

@testable import KerasTraining

/// Samples that are read as training goes.
@Suite struct StreamTests {
  /// A source that hands out parts of other sizes than asked for, and may fail.
  private struct Source: SampleSource {
    let data: DataSet
    var failsAt: Int?
    var missing = 0

    struct Failure: Error {}

    var count: Int { data.count + missing }
    var weightRanks: [Int] { data.weightRanks }

    func reader(from start: Int) -> any SampleReader { Reader(source: self, position: start) }

    final class Reader: SampleReader {
      let source: Source
      var position: Int

      init(source: Source, position: Int) {
        self.source = source
        self.position = position
      }

      func next(_ limit: Int) throws -> DataSet? {
        if let fails = source.failsAt, position >= fails { throw Failure() }
        guard position < source.data.count else { return nil }
        let end = min(position + min(limit, 1 + position % 3), source.data.count)
        defer { position = end }
        return try source.data.rows(position..<end)
      }
    }
  }

  private func setting() throws -> (trainer: Trainer, data: DataSet) {
    let fixture = try Fixture("keras-2.3.1/mlp_regularizers")
    let four = try fixture.data()
    func repeated(_ array: TensorData) throws -> TensorData {
      let values = try array.floats()
      let copies = (0..<5).flatMap { copy in values.map { $0 + Float(copy) * 0.01 } }
      return try TensorData(shape: [array.shape[0] * 5] + array.shape.dropFirst(), floats: copies)
    }
    let data = try DataSet(inputs: four.inputs.map(repeated), targets: four.targets.map(repeated))
    return (try Trainer(model: fixture.model, options: .init(optimizer: "Adam", seed: 2)), data)
  }

  @Test func withoutShufflingAStreamIsTheDataSet() throws {
    let (trainer, data) = try setting()
    let fit = FitOptions(epochs: 2, batchSize: 6, shuffles: false)
    let expected = try trainer.fit(data, fit).epochs.map(\.json)
    let (other, _) = try setting()
    #expect(try other.fit(Source(data: data), fit).epochs.map(\.json) == expected)
    #expect(try other.weights() == trainer.weights())
    #expect(try other.evaluate(Source(data: data), batchSize: 7).json == trainer.evaluate(data, batchSize: 7).json)
  }

  @Test(arguments: [2, 5, 20, 1000]) func theBufferGivesEverySampleOnceInAnotherOrder(size: Int) throws {
    let (trainer, data) = try setting()
    let loss = try trainer.compiledLoss(trains: true, weightRanks: [])
    let batches = StreamedBatches(Source(data: data), for: loss.loss, batchSize: 3, shuffleBuffer: size, seed: 9)
    let plain = try BatchFeed(data, for: loss.loss)
    let rows = (0..<plain.count).map { plain.rowData($0) }
    func epoch(_ number: Int, skipping: Int = 0) throws -> [Int] {
      try batches.begin(epoch: number, skipping: skipping)
      var seen: [Int] = []
      while let batch = try batches.next() {
        seen += batch.rows.compactMap { row in rows.firstIndex(of: batch.feed.rowData(row)) }
      }
      return seen
    }
    let first = try epoch(1)
    #expect(first.sorted() == Array(0..<20))
    #expect(first != Array(0..<20))
    #expect(try epoch(2) != first)
    #expect(try epoch(1) == first)
    #expect(try epoch(1, skipping: 2) == Array(first.dropFirst(6)))
  }

  @Test func whatASourceThrowsArrives() throws {
    let (trainer, data) = try setting()
    let error = #expect(throws: TrainingError.self) {
      try trainer.fit(Source(data: data, failsAt: 9), FitOptions(epochs: 1, batchSize: 4, shuffles: false))
    }
    guard case .source(let cause)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause is Source.Failure)
    #expect(throws: TrainingError.self) { try trainer.fit(Source(data: data, missing: 3)) }
  }

  @Test func aRunThatIsLeftEndsItsReader() throws {
    let (trainer, data) = try setting()
    for _ in 0..<50 {
      let run = try trainer.run(Source(data: data), FitOptions(epochs: 1, batchSize: 1))
      _ = try run.next()
    }
  }

  @Test func splitsOfASourceAreThoseOfTheData() throws {
    let (_, data) = try setting()
    let parts: (training: any SampleSource, validation: any SampleSource) = try Source(data: data).split(
      validationFraction: 0.3)
    #expect(parts.training.count == 14)
    #expect(parts.validation.count == 6)
    let reader = try parts.validation.reader(from: 1)
    var seen = 0
    while let part = try reader.next(4) {
      #expect(try part.inputs[0] == data.inputs[0].rows(15 + seen..<15 + seen + part.count))
      seen += part.count
    }
    #expect(seen == 5)
    #expect(throws: TrainingError.self) {
      let _: (training: any SampleSource, validation: any SampleSource) = try Source(data: data).split(
        validationFraction: 0.999)
    }
  }
}
