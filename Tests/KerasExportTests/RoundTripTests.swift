import Foundation
import KerasCore
import KerasExport
import KerasKit
import KerasModel
import Testing

@Suite struct RoundTripTests {
  /// Every recorded model that Keras 3 can express.
  static let cases: [String] = {
    var found: [String] = []
    for release in (try? FileManager.default.contentsOfDirectory(atPath: ExportFixture.root)) ?? [] {
      let folder = ExportFixture.root + "/" + release
      for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      where file.hasSuffix(".h5") && !file.hasPrefix("bn_sample_wise") {
        found.append("\(release)/\(file)")
      }
    }
    return found.sorted()
  }()

  @Test func everyReleaseHasModels() { #expect(Self.cases.count > 90) }

  @Test(arguments: [".keras", ".h5"])
  func whatIsWrittenPredictsWhatTheReleaseRecorded(suffix: String) throws {
    let folder = try ScratchFolder()
    for name in Self.cases {
      let fixture = try ExportFixture(name)
      let target = folder.path + "/converted" + suffix
      _ = try Exporters.export(try fixture.load(), to: target, options: ExportOptions(batchSize: 4))
      let written = try LoadedModel.load(target)
      #expect(written.sourceVersion == KerasVersion(3, 15, 1), "\(name)")
      #expect(!(written.source.config ?? .null).saysMoreThanKeras, "\(name)")
      let found = try Model(written).predict(fixture.inputs)
      #expect(found.count == fixture.outputs.count, "\(name)")
      for (a, b) in zip(found, fixture.outputs) { #expect(try difference(a, b) < 1e-5, "\(name)") }
    }
  }

  @Test func trainingConfigIsInKeras3Form() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.keras"
    let fixture = try ExportFixture("keras-1.2.2/mlp_decay.h5")
    let notes = try Exporters.export(try fixture.load(), to: target, options: ExportOptions(batchSize: 4))
    let compile = try #require(try LoadedModel.load(target).source.trainingConfig)
    let optimizer = try #require(compile["optimizer"]?["config"])
    #expect(compile["loss"] == "categorical_crossentropy")
    // lr / (1 + decay · iterations) is InverseTimeDecay with one decay step.
    #expect(optimizer["learning_rate"]?["class_name"] == "InverseTimeDecay")
    #expect(optimizer["learning_rate"]?["config"]?["decay_steps"]?.doubleValue == 1)
    #expect(optimizer["decay"] == nil)
    #expect(optimizer["nesterov"] == false)
    #expect(notes.contains { $0.message.contains("InverseTimeDecay") })
  }
}
