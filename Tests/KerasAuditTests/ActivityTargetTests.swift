import KerasKit
import Testing

/// `--target`: what a file's activity regularizers meant against what they mean to that release, and nothing else.
@Suite struct ActivityTargetTests {
  private func rules(_ fixture: String, _ target: String) throws -> Set<String> {
    let source = try ModelFile.open("\(SavedModel.fixtures)/models/\(fixture)")
    let report = Audit.run(source, target: try #require(Release(named: target)))
    return Set(report.findings.filter { $0.rule.hasPrefix("act-reg") && $0.severity > .note }.map(\.rule))
  }

  @Test(
    arguments: [
      ("keras==2.1.3", []), ("keras==2.0.2", ["act-reg-nested-dropped"]), ("keras==2.3.1", ["act-reg-on-input"]),
      ("tf.keras==2.15.0", ["act-reg-on-input", "act-reg-batch-scale"]), ("keras==3.13.2", ["act-reg-on-input"]),
      ("keras==3.15.1", ["act-reg-on-input", "act-reg-batch-scale"]),
    ] as [(String, Set<String>)]) func aNestedModelOfKeras213(_ target: String, _ expected: Set<String>) throws
  {
    #expect(try rules("keras-2.1.3/nested_activity.h5", target) == expected)
  }

  @Test(
    arguments: [
      ("keras==2.1.3", ["act-reg-on-input", "act-reg-batch-scale"]), ("keras==2.3.1", ["act-reg-batch-scale"]),
      ("keras==2.0.2", ["act-reg-nested-dropped"]), ("keras==3.15.1", []),
    ] as [(String, Set<String>)]) func aNestedModelOfKeras3MovedBack(_ target: String, _ expected: Set<String>) throws
  {
    #expect(try rules("keras-3/nested_activity.keras", target) == expected)
  }

  @Test func meaningsAreTheTargets() throws {
    let source = try ModelFile.open("\(SavedModel.fixtures)/models/keras-2.1.3/nested_activity.h5")
    let finding = try #require(
      Audit.run(source, target: .keras23).of("act-reg-on-input").first { $0.severity == .error })
    #expect(finding.meansNow.contains("0.02·Σout², summed over the batch"))
    #expect(finding.meansNow.contains("Keras 2.3.1"))
  }

  @Test func timeDistributedByTarget() throws {
    let source = try SavedModel.source(config: "areg_time_distributed_fixed_batch-keras-2.1.3")
    func rules(_ target: Release) -> Set<String> {
      Set(Audit.run(source, target: target).findings.map(\.rule).filter { $0.hasPrefix("act-reg-t") })
    }
    #expect(rules(.keras23).isEmpty)
    #expect(rules(.current) == ["act-reg-timedistributed-double", "act-reg-timedistributed-dropped"])
    #expect(rules(.tensorFlow215) == ["act-reg-timedistributed-double", "act-reg-td-divisor"])
    #expect(rules(Release(KerasVersion(2, 0, 2))) == ["act-reg-timedistributed-double"])
  }

  /// Options that the texts name exist.
  @Test func adviceNamesOptionsThatExist() throws {
    let known = [
      "--activity-semantics", "--batch-size", "--match-loss", "--keras-version", "--json", "--learning-rate",
      "--schedule", "--metric",
    ]
    for rule in AuditRegistry.rules where [.activity, .training].contains(rule.family) {
      for word in rule.fix.split(whereSeparator: { " `\n,;:.)(".contains($0) }) where word.hasPrefix("--") {
        #expect(known.contains(String(word)), "\(rule.id): \(word)")
      }
    }
  }
}
