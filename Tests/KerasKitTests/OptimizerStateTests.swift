import DataFiles
import Foundation
import KerasCore
import Testing

@testable import KerasKit
@testable import KerasModel
@testable import KerasTraining

/// What is written of an optimizer's state; `Tools/interop/resume.py` goes on from it with real Keras.
@Suite("The optimizer's state goes into the files written")
struct OptimizerStateTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/training")

  /// All recorded models as `release/case.suffix`.
  static let files: [String] = {
    let manager = FileManager.default
    let releases = (try? manager.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return releases.sorted().flatMap { release in
      let path = folder.appending(path: release).path(percentEncoded: false)
      let files = (try? manager.contentsOfDirectory(atPath: path)) ?? []
      return files.sorted().filter { !$0.hasSuffix(".npz") && !$0.contains("_after") }.map { "\(release)/\($0)" }
    }
  }()

  private static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

  private static func temporary(_ suffix: String) -> String {
    FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + suffix).path(percentEncoded: false)
  }

  private static func data(_ name: String) throws -> DataSet {
    let stem = name.split(separator: ".").dropLast().joined(separator: ".")
    let record = try NumpyArchive(path: path(stem + ".npz"))
    return try DataSet(inputs: [try #require(record["x"])], targets: [try #require(record["t"])])
  }

  @Test func `There are recorded models`() { #expect(Self.files.count >= 11) }

  @Test(arguments: files) func `Converting to an archive keeps every number of the state`(_ name: String) throws {
    let model = try Model.load(Self.path(name))
    let expected = try #require(try OptimizerState.stored(in: model.loaded))
    let output = Self.temporary(".keras")
    defer { try? FileManager.default.removeItem(atPath: output) }
    let notes = try model.save(to: output)
    #expect(!notes.contains { $0.message.contains("the optimizer's state") })
    let found = try #require(try OptimizerState.stored(in: try Model.load(output).loaded))
    #expect(found == expected)
    #expect(found.slots.isEmpty == expected.form.slots.isEmpty)
  }

  @Test(arguments: ["adam", "lamb"])
  func `An HDF5 model for Keras 3 has none, and says so`(_ name: String) throws {
    let output = Self.temporary(".h5")
    defer { try? FileManager.default.removeItem(atPath: output) }
    let notes = try Model.load(Self.path("keras-3/\(name).h5")).save(to: output)
    #expect(notes.contains { $0.kind == .lost && $0.message.contains(".keras keeps it") })
    let written = try Model.load(output).loaded
    #expect(written.optimizerArrays.isEmpty)
    #expect((written.canonical.compile == nil) == (name == "lamb"))
  }

  @Test(arguments: files) func `Training in two halves equals training at once`(_ name: String) throws {
    let data = try Self.data(name)
    let whole = try Model.load(Self.path(name))
    try whole.fineTune(data, epochs: 6, batchSize: data.count, shuffles: false)
    let first = try Model.load(Self.path(name))
    try first.fineTune(data, epochs: 3, batchSize: data.count, shuffles: false)
    for isSource in [false, true] where !isSource || first.canSaveAsSource {
      // An archive means current Keras' formulas; only a current model goes on there as it was.
      guard isSource || name.hasPrefix("keras-3/") else { continue }
      let output = Self.temporary(isSource ? ".h5" : ".keras")
      defer { try? FileManager.default.removeItem(atPath: output) }
      let notes = isSource ? try first.saveAsSource(to: output) : try first.save(to: output)
      #expect(!notes.contains { $0.message.contains("the optimizer's state") })
      let second = try Model.load(output)
      try second.fineTune(data, epochs: 3, batchSize: data.count, shuffles: false)
      #expect(second.loaded.weights == whole.loaded.weights)
      #expect(second.loaded.optimizerState == whole.loaded.optimizerState)
    }
  }

  @Test func `Another optimizer's state is not written beside the file's training config`() throws {
    let name = "keras-3/adam.h5"
    let model = try Model.load(Self.path(name))
    try model.fineTune(try Self.data(name), options: TrainingOptions(optimizer: "SGD"))
    let output = Self.temporary(".keras")
    defer { try? FileManager.default.removeItem(atPath: output) }
    try model.save(to: output)
    #expect(try Model.load(output).loaded.optimizerArrays.isEmpty)
  }
}
