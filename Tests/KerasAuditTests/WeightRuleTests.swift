import KerasKit
import Testing

/// Weight regularizers, activations, code, and configs that cannot be read.
@Suite struct WeightRuleTests {
  @Test func lstmOfKeras12IgnoredItsRecurrentRegularizer() throws {
    let report = try SavedModel.audit(fixture: "keras-1.2.2/lstm_regularizers_cpu.h5")
    let finding = try #require(report.of("rnn-1.2-u-regularizer").first)
    #expect(finding.severity == .warning)
    #expect(finding.location.pointer?.description == "/config/0/config/U_regularizer")
    let gpu = try SavedModel.audit(fixture: "keras-1.2.2/lstm_regularizers_gpu.h5")
    #expect(gpu.of("rnn-1.2-u-regularizer").isEmpty)
  }

  @Test func oldNamesAreToldWithTheirNewOnes() throws {
    let report = try SavedModel.audit(fixture: "keras-1.2.2/mlp_regularizers.h5")
    let pointers = report.of("weight-regularizer-name").compactMap(\.location.pointer?.description)
    #expect(pointers.contains { $0.hasSuffix("/W_regularizer") })
    #expect(pointers.contains { $0.hasSuffix("/b_regularizer") })
    #expect(
      report.of("weight-regularizer-name").contains {
        $0.summary.contains("kernel_regularizer") && $0.layer == "dense_1"
      })
    #expect(try SavedModel.audit(fixture: "keras-2.1.3/mlp_regularizers.h5").of("weight-regularizer-name").isEmpty)
  }

  @Test func shorthandsHideTheirFactor() throws {
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "1.2.2",
      "config": [
        [
          "class_name": "Dense",
          "config": ["name": "d", "output_dim": 2, "batch_input_shape": [nil, 3], "W_regularizer": "l1l2"],
        ]
      ],
    ]
    let report = Audit.run(ModelSource(file: "m.json", format: .json, config: config, versionStamp: "1.2.2"))
    #expect(report.severities("l1l2-default-0.01") == [.note])
    #expect(try SavedModel.audit(fixture: "keras-1.2.2/mlp_regularizers.h5").of("l1l2-default-0.01").isEmpty)
  }

  @Test func eigenvalueRegularizersCannotBeRestoredAndAreNeverSilent() throws {
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "1.2.2",
      "config": [
        [
          "class_name": "Dense",
          "config": [
            "name": "d", "output_dim": 3, "batch_input_shape": [nil, 3],
            "W_regularizer": ["name": "EigenvalueRegularizer"],
          ],
        ]
      ],
    ]
    let report = Audit.run(ModelSource(file: "m.json", format: .json, config: config, versionStamp: "1.2.2"))
    #expect(report.severities("eigenvalue-regularizer") == [.warning])
  }

  @Test func hardSigmoidChangesPredictions() throws {
    let report = try SavedModel.audit(fixture: "keras-2.1.3/lstm_hard_sigmoid.h5")
    #expect(report.of("hard-sigmoid-def").allSatisfy { $0.severity == .error })
    #expect(
      report.of("hard-sigmoid-def").contains { $0.location.pointer?.description == "/config/2/config/activation" })
    #expect(try SavedModel.audit(fixture: "keras-3/lstm_hard_sigmoid.keras").of("hard-sigmoid-def").isEmpty)
  }

  @Test func pythonCodeIsAnError() throws {
    let report = try SavedModel.audit(config: "lambda_python-keras-2.1.3")
    let finding = try #require(report.of("sec-lambda").first)
    #expect(finding.severity == .error)
    #expect(finding.location.pointer?.description == "/config/1")
    #expect(try SavedModel.audit(config: "areg_layer-keras-2.1.3").of("sec-lambda").isEmpty)
  }

  @Test func aClassNobodyKnowsIsFound() throws {
    var source = try SavedModel.source(config: "areg_layer-keras-2.1.3")
    #expect(Audit.run(source).of("custom-objects").isEmpty)
    let text = try #require(source.config?.text()).replacing("\"Dense\"", with: "\"OwnDense\"")
    source.config = try JSON(parsing: text)
    let findings = Audit.run(source).of("custom-objects")
    #expect(!findings.isEmpty)
    for finding in findings {
      #expect(finding.severity == .warning)
      #expect(finding.summary.contains("OwnDense"))
      let pointer = try #require(finding.location.pointer)
      #expect(source.config?[pointer]?["class_name"] == "OwnDense")
    }
  }

  @Test func whatCannotBeUnderstoodIsNeverClean() {
    for config: JSON in [
      ["class_name": "Sequential", "config": [["class_name": 3]]], ["class_name": "Model", "config": [:]],
    ] {
      let report = Audit.run(ModelSource(file: "m.json", format: .json, config: config))
      #expect(report.worst == .error)
    }
    #expect(Audit.run(ModelSource(file: "w.h5", format: .hdf5Weights)).worst == .error)
  }

  @Test func everyRuleHasItsStory() {
    #expect(AuditRegistry.rules.count >= 12)
    #expect(Set(AuditRegistry.rules.map(\.id)).count == AuditRegistry.rules.count)
    for rule in AuditRegistry.rules {
      #expect(!rule.title.isEmpty && !rule.affected.isEmpty && rule.explanation.count > 80, "\(rule.id)")
    }
  }
}
