import KerasKit
import Testing

/// The activity regularizer of a layer inside a model that is called as a layer, release by release.
@Suite struct NestedActivityTests {
  @Test func nestedSequentialOfKeras213IsAnErrorAtTheExactPlace() throws {
    let report = try SavedModel.audit(fixture: "keras-2.1.3/nested_activity.h5")
    let finding = try #require(report.of("act-reg-on-input").first)
    #expect(finding.severity == .error)
    #expect(finding.layer?.hasSuffix("/dense_19") == true)
    #expect(finding.location.file.hasSuffix("nested_activity.h5"))
    #expect(finding.location.container?.contains("model_config") == true)
    #expect(finding.location.pointer?.description == "/config/1/config/0/config/activity_regularizer")
    #expect(finding.meantWhenSaved.contains("0.02·Σin²"))
    #expect(finding.meansNow.contains("0.02·Σout²"))
    #expect(report.of("act-reg-on-input").count == 1)
  }

  @Test(arguments: ["2.0.3", "2.0.6", "2.0.9", "2.1.0", "2.1.2", "2.1.3"])
  func everyFaultyReleaseIsAnError(_ version: String) throws {
    let report = try SavedModel.audit(config: "areg_nested_functional-keras-2.1.3", stamped: version)
    #expect(report.severities("act-reg-on-input") == [.error])
    #expect(report.of("act-reg-nested-dropped").isEmpty)
  }

  @Test(arguments: ["2.0.0", "2.0.2"])
  func olderReleasesDroppedThePenalty(_ version: String) throws {
    let report = try SavedModel.audit(config: "areg_nested_functional-keras-2.1.3", stamped: version)
    #expect(report.of("act-reg-on-input").isEmpty)
    #expect(report.severities("act-reg-nested-dropped") == [.warning])
  }

  @Test func modelsOfKeras202AndKeras122DroppedThePenalty() throws {
    for fixture in ["keras-2.0.2/nested_activity.h5", "keras-1.2.2/nested_activity.h5"] {
      let report = try SavedModel.audit(fixture: fixture)
      #expect(report.severities("act-reg-nested-dropped") == [.warning])
      #expect(report.of("act-reg-on-input").isEmpty)
    }
  }

  @Test(arguments: ["2.1.4", "2.2.4", "2.3.1", "2.1.3-tf"])
  func fixedReleasesAndTFKerasAreNotHit(_ version: String) throws {
    let report = try SavedModel.audit(config: "areg_nested_functional-keras-2.1.3", stamped: version)
    #expect(report.of("act-reg-on-input").isEmpty)
    #expect(report.of("act-reg-nested-dropped").isEmpty)
  }

  @Test func flatModelsBeforeTheFixAreToldThatTheyAreNotHit() throws {
    let report = try SavedModel.audit(fixture: "keras-2.1.3/mlp_regularizers.h5")
    let findings = report.of("act-reg-on-input")
    #expect(findings.map(\.severity) == [.note, .note])
    #expect(findings.allSatisfy { $0.summary.contains("Not affected") && $0.summary.contains("direct layer") })
  }

  @Test func sharedLayersAreDirectLayers() throws {
    let report = try SavedModel.audit(config: "areg_shared_layer-keras-2.1.3")
    #expect(report.severities("act-reg-on-input") == [.note])
  }

  @Test func anActivityRegularizationLayerCannotBeHit() throws {
    let report = try SavedModel.audit(config: "areg_layer-keras-2.1.3")
    #expect(report.severities("act-reg-on-input") == [.note])
  }

  /// Measured: 72 up to 2.0.9, 12 from 2.1.0 to 2.1.3.
  @Test(arguments: [("2.0.6", Severity.note), ("2.0.9", .note), ("2.1.0", .error), ("2.1.3", .error)])
  func aModelFirstInASequentialIsHitOnlyFrom210(_ version: String, _ severity: Severity) throws {
    var source = try SavedModel.source(config: "areg_sequential_in_sequential-keras-2.1.3")
    // Without its first layer the inner model comes first.
    let layers = try #require(source.config?["config"]?.arrayValue)
    source.config = ["class_name": "Sequential", "config": .array(Array(layers.dropFirst()))]
    source.versionStamp = version
    source.version = KerasVersion(version)
    #expect(Audit.run(source).severities("act-reg-on-input") == [severity])
  }

  @Test func withoutAStampBothReadingsAreStated() throws {
    for stamp in [nil, "1"] {
      let report = try SavedModel.audit(config: "areg_nested_functional-keras-2.1.3", stamped: stamp)
      let finding = try #require(report.of("act-reg-possible-1x-stamp").first)
      #expect(finding.severity == .warning)
      #expect(finding.meantWhenSaved.contains("Σin²") && finding.meantWhenSaved.contains("Σout²"))
    }
    let stamped = try SavedModel.audit(config: "areg_nested_functional-keras-2.1.3")
    #expect(stamped.of("act-reg-possible-1x-stamp").isEmpty)
    let keras3 = try SavedModel.audit(config: "areg_nested_functional-keras-3", stamped: nil)
    #expect(keras3.of("act-reg-possible-1x-stamp").isEmpty)
  }
}
