import KerasKit
import PackedFixtures
import Testing

/// What rules about training say, and that nothing of the list of changes is forgotten.
@Suite struct TrainingRuleTests {
  /// The rule's answer and the trainer's arithmetic come from one place; here against what the releases computed.
  @Test func theMeaningsAreThoseMeasured() throws {
    func finding(_ folder: String, _ file: String, _ rule: String, target: Release) throws -> Finding {
      let source = try ModelFile.open("\(PackedFixtures.folder(folder))/\(file)")
      return try #require(Audit.run(source, target: target).of(rule).first)
    }
    let clip = try finding("optimizers/keras-2.1.3", "clipnorm.h5", "clipnorm-scope", target: .current)
    #expect(clip.meantWhenSaved.contains("all gradients together"))
    #expect(clip.meansNow.contains("each variable"))
    let both = try finding("optimizers/keras-2.1.3", "clipboth.h5", "clipnorm-scope", target: .current)
    #expect(both.meansNow.contains("only one of clipnorm and clipvalue"))
    let nadam = try finding("optimizers/keras-2.1.3", "nadam.h5", "nadam-schedule", target: .current)
    #expect(nadam.meantWhenSaved.contains("0.96^(0.004·t)"))
    #expect(nadam.meansNow.contains("0.96^t"))
    let cosine = try finding("metrics/keras-2.1.3", "cosine_proximity.h5", "cosine-proximity", target: .tensorFlow115)
    #expect(cosine.severity == .error)
    #expect(cosine.meansNow.contains("reversed"))
    let mask = try finding("metrics/tfkeras-2.5", "masked.h5", "loss-mask-normalization", target: .current)
    #expect(mask.meantWhenSaved.contains("number of all steps"))
    let rmsprop = try finding("optimizers/keras-1.2.2", "rmsprop_defaults.h5", "rmsprop-eps", target: .current)
    #expect(rmsprop.meantWhenSaved.contains("(√a + ε), ε 1e-08"))
    #expect(rmsprop.meansNow.contains("√(a + ε), ε 1e-08"))
    let labels = try finding("metrics/keras-2.1.3", "accuracy_labels.h5", "accuracy-resolution", target: .current)
    #expect(labels.meantWhenSaved.contains("binary_accuracy") && labels.meansNow.contains("categorical_accuracy"))
  }

  /// A model that was never compiled says nothing of training.
  @Test func withoutATrainingConfigNoRuleSpeaks() throws {
    let report = try SavedModel.audit(config: "areg_layer-keras-2.1.3")
    let rules = Set(AuditRegistry.rules.filter { $0.family == .training }.map(\.id))
    #expect(report.findings.allSatisfy { !rules.contains($0.rule) })
  }

  /// Moved to a release of the same meaning there is nothing to say.
  @Test func nothingChangesForTheSameRelease() throws {
    for file in ["clipnorm.h5", "nadam.h5", "rmsprop.h5", "adagrad.h5", "sgd_decay.h5"] {
      let source = try ModelFile.open("\(PackedFixtures.folder("optimizers/keras-2.1.3"))/\(file)")
      let report = Audit.run(source, target: Release(KerasVersion(2, 1, 3)))
      let rules = Set(AuditRegistry.rules.filter { $0.family == .training }.map(\.id))
      #expect(report.findings.allSatisfy { !rules.contains($0.rule) }, "\(file)")
    }
  }
}
