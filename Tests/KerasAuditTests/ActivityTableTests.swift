import DataFiles
import Foundation
import KerasKit
import PackedFixtures
import Testing

/// The penalties that `audit --data` computes, against what real releases reported for the same model and data.
@Suite struct ActivityTableTests {
  static let cases = [
    "direct", "nested", "first_nested", "shared", "time_distributed", "time_distributed_fixed",
    "shared_time_distributed", "wrapped_model", "bidirectional", "bidirectional_sum", "simple_rnn",
  ]

  static func model(_ name: String) throws -> Model {
    try Model.load(PackedFixtures.path("activity_table/\(name).h5"))
  }

  static func data(_ name: String) throws -> [String: TensorData] {
    try ArrayFile.read(PackedFixtures.path("activity_table/\(name).npz"))
  }

  /// What a release reported of a case; `nil` where it could not build or train it.
  static func recorded() throws -> [(release: String, losses: JSON)] {
    let folder = PackedFixtures.folder("activity_table")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
    return try names.flatMap { name in
      let text = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
      return (try JSON(parsing: Array(text)).objectValue ?? [:]).map { ($0.key, $0.value) }
    }
  }

  /// The row of the table that a release belongs to.
  static func row(of release: String, in table: ActivityTable) throws -> ActivityTable.Row {
    let semantics = try #require(TrainingSemantics(named: release)).activityOnly
    let span = try #require(
      PenaltyTable.meanings.first { TrainingSemantics.of(version: $0.version).activityOnly == semantics })
    return try #require(table.rows.first { $0.releases.contains(span.releases) })
  }

  @Test(arguments: cases) func everyReleaseReportedWhatTheTableSays(_ name: String) throws {
    let model = try Self.model(name)
    let data = try Self.data(name)
    let whole = try model.activityTable(data, batchSize: 5)
    let batches = name.hasSuffix("fixed") ? nil : try model.activityTable(data, batchSize: 2)
    var compared = 0
    for (release, losses) in try Self.recorded() {
      guard let found = losses[name], let trained = found["train"]?.doubleValue else { continue }
      let row = try Self.row(of: release, in: whole)
      #expect((row.total - trained).magnitude <= 1e-5, "\(release): \(row.total), recorded \(trained)")
      let evaluated = try #require(found["test"]?.doubleValue)
      let counted = row.countsInEvaluation ? row.total : 0
      #expect((counted - evaluated).magnitude <= 1e-5, "\(release)")
      if let batches, row.countsInEvaluation, let expected = found["in_batches"]?.doubleValue {
        let total = try Self.row(of: release, in: batches).total
        #expect((total - expected).magnitude <= 1e-5, "\(release) in batches: \(total), recorded \(expected)")
      }
      compared += 1
    }
    #expect(compared >= 10)
  }

  @Test func theTableNamesTheFilesOwnReleaseAndTheTarget() throws {
    let table = try Self.model("nested").activityTable(Self.data("nested"), batchSize: 5, target: .keras23)
    let saved = table.rows.filter(\.isSaved)
    #expect(saved.count == 1)
    #expect(saved.first?.releases.contains("Keras 2.1.0 to 2.1.3") == true)
    #expect(table.rows.filter(\.isTarget).first?.releases.contains("Keras 2.1.4 to 2.3") == true)
    #expect(Set(table.rows.flatMap(\.releases)).count == PenaltyTable.meanings.count)
    #expect(table.rows.contains { !$0.countsInEvaluation })
  }

  /// Every release whose meaning of activity regularizers is known has a row.
  @Test(arguments: [
    "keras==0.3.3", "keras==1.0.5", "keras==1.1.2", "keras==2.0.0", "keras==2.0.4", "keras==2.1.2", "keras==2.2.4",
    "tensorflow==1.10", "tensorflow==2.3", "keras==2.12", "keras==3.0.0", "keras==3.14.0",
  ]) func noReleaseIsMissing(_ release: String) throws {
    let table = try Self.model("direct").activityTable(Self.data("direct"))
    _ = try Self.row(of: release, in: table)
  }
}

/// The factors of `audit --match-loss`: written into the model, they give what the other release really reported.
@Suite struct LossMatchTests {
  private static let releases = [
    "keras==1.2.2", "keras==2.0.2", "keras==2.0.9", "keras==2.1.3", "keras==2.1.4", "tensorflow==1.12.0",
    "tensorflow==1.15.0", "tf.keras==2.15.0", "keras==3.13.2", "keras==3.15.1",
  ]

  @Test(arguments: ActivityTableTests.cases) func theFactorsGiveTheRecordedLoss(_ name: String) throws {
    let model = try ActivityTableTests.model(name)
    let data = try ActivityTableTests.data(name)
    let count = name.hasSuffix("fixed") ? 4 : 5
    let recorded = Dictionary(uniqueKeysWithValues: try ActivityTableTests.recorded().map { ($0.release, $0.losses) })
    let network = model.loaded.network
    var matched = 0
    for writer in Self.releases {
      // What the release whose loss is wanted reported.
      guard let wanted = recorded[writer]?[name]?["train"]?.doubleValue else { continue }
      for reader in Self.releases {
        let (from, to) = (TrainingSemantics(named: reader), TrainingSemantics(named: writer))
        let factors = try ActivityMatch.factors(
          for: network, reader: try #require(from), writer: try #require(to), batchSize: count,
          shapes: model.shapes(of: data))
        var source = model.loaded.source
        var isRefused = false
        for match in factors {
          switch match.outcome {
          case .factor(let factor): Self.scale(&source, by: factor, layer: match.layer)
          case .refused(let reason):
            isRefused = true
            #expect(reason.count > 20)
          }
        }
        if isRefused { continue }
        let scaled = try Model(LoadedModel.load(source: source))
        let table = try scaled.activityTable(data, batchSize: count)
        let total = try ActivityTableTests.row(of: reader, in: table).total
        #expect((total - wanted).magnitude <= 1e-5, "\(reader) with \(writer)'s loss: \(total), recorded \(wanted)")
        matched += 1
      }
    }
    #expect(matched >= 20)
  }

  @Test func whatNoFactorCanDoIsRefusedWithTheReason() throws {
    func outcome(_ name: String, _ reader: String, _ writer: String) throws -> ActivityMatch.Outcome {
      let model = try ActivityTableTests.model(name)
      let (from, to) = (TrainingSemantics(named: reader), TrainingSemantics(named: writer))
      let factors = try ActivityMatch.factors(
        for: model.loaded.network, reader: try #require(from), writer: try #require(to), batchSize: 32)
      return try #require(factors.first).outcome
    }
    #expect(
      try outcome("nested", "keras==3.15.1", "keras==2.1.3")
        == .refused("keras==2.1.3 penalised the layer's inputs, keras==3.15.1 penalises its outputs"))
    #expect(try outcome("nested", "keras==3.15.1", "keras==2.1.4") == .factor(32))
    #expect(try outcome("nested", "keras==2.1.4", "keras==3.15.1") == .factor(1.0 / 32))
    #expect(try outcome("nested", "keras==3.15.1", "keras==2.0.2") == .factor(0))
    #expect(
      try outcome("nested", "keras==2.0.2", "keras==3.15.1")
        == .refused("keras==2.0.2 adds nothing for this layer, whatever its factors"))
    #expect(try outcome("time_distributed", "tf.keras==2.15.0", "keras==2.1.3") == .factor(128))
    #expect(try outcome("time_distributed_fixed", "keras==2.0.2", "keras==2.1.3") == .factor(2))
    #expect(try outcome("bidirectional", "keras==3.15.1", "keras==2.1.3") == .factor(32))
    guard case .refused(let reason) = try outcome("bidirectional_sum", "keras==3.15.1", "keras==2.1.3") else {
      Issue.record("a factor for a sum of directions")
      return
    }
    #expect(reason.contains("merged output"))
  }

  @Test func theFileAgainstItsOwnReleaseIsComparedWithTheTarget() throws {
    let source = try ActivityTableTests.model("direct").loaded.source
    let match = try LossMatch(source, other: Release(KerasVersion(2, 1, 3)), target: .current, batchSize: 32)
    #expect(match.forward.reader == .current)
    let (whole, share) = (ActivityMatch.Outcome.factor(32), ActivityMatch.Outcome.factor(0.03125))
    let unit = ActivityMatch.Outcome.factor(1)
    #expect(match.forward.layers.map(\.outcome) == [whole, whole])
    #expect(match.forward.layers.allSatisfy { $0.isOfFullBatches })
    #expect(match.backward.layers.map(\.outcome) == [share, share])
    let same = try LossMatch(source, other: .keras23, batchSize: 32)
    #expect(same.forward.layers.map(\.outcome) == [unit, unit])
    #expect(same.forward.layers.allSatisfy { !$0.isOfFullBatches })
    var unstamped = source
    unstamped.versionStamp = nil
    unstamped.version = nil
    #expect(throws: KerasKitError.self) { try LossMatch(unstamped, other: .keras23, batchSize: 32) }
  }

  /// Multiplies l1 and l2 of a layer, given by its path, in the saved config.
  private static func scale(_ source: inout ModelSource, by factor: Double, layer path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    func scaled(_ value: JSON, _ isInside: Bool) -> JSON {
      if let list = value.arrayValue { return .array(list.map { scaled($0, isInside) }) }
      guard var object = value.objectValue else { return value }
      let isLayer = object["name"]?.stringValue == name || isInside && object["activity_regularizer"] != nil
      for (key, member) in object {
        let isOwn = isLayer && ["activity_regularizer", "layer"].contains(key) || isInside
        if ["l1", "l2"].contains(key), isInside || isLayer, let number = member.doubleValue {
          object[key] = .number(number * factor)
        } else {
          object[key] = scaled(member, isOwn)
        }
      }
      return .object(object)
    }
    source.config = source.config.map { scaled($0, false) }
  }
}
