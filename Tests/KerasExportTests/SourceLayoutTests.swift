import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import Testing

/// Models written back in the format of the release that saved them.
struct SourceLayoutTests {
  /// Whole HDF5 models of every release among the fixtures.
  static let files: [String] = {
    let folder = URL(filePath: ExportFixture.root)
    let releases = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return releases.sorted().flatMap { release in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: release).path)) ?? [])
        .filter { $0.hasSuffix(".h5") }.sorted().map { "\(release)/\($0)" }
    }
  }()

  @Test func fixturesOfManyReleasesAreThere() { #expect(Self.files.count > 80) }

  /// The arrays that real Keras stored, element for element, under their names and in their order.
  @Test(arguments: files) func anUntrainedModelComesBackAsItWas(_ file: String) throws {
    let model = try LoadedModel.load("\(ExportFixture.root)/\(file)")
    let folder = try ScratchFolder()
    _ = try SourceLayoutExporter().export(model, to: folder.path + "/back.h5")
    let back = try ModelFile.open(folder.path + "/back.h5")
    #expect(back.config == model.source.config)
    #expect(back.trainingConfig == model.source.trainingConfig)
    #expect(back.versionStamp == model.source.versionStamp)
    #expect(back.backend == model.source.backend)
    guard case .groups(let expected) = model.source.weights, case .groups(let found) = back.weights else {
      Issue.record("the weights are not stored by layer")
      return
    }
    #expect(found.map(\.name) == expected.map(\.name))
    for (found, expected) in zip(found, expected) {
      #expect(found.arrays.map(\.name) == expected.arrays.map(\.name))
      for (found, expected) in zip(found.arrays, expected.arrays) {
        #expect(try found.read() == expected.read(), "\(expected.path)")
      }
    }
  }

  /// What was changed in the canonical layout is read back changed in the same way.
  @Test(arguments: files) func changedWeightsAreReadBackChanged(_ file: String) throws {
    var model = try LoadedModel.load("\(ExportFixture.root)/\(file)")
    for (name, tensor) in model.weights {
      let changed = try tensor.doubles().enumerated().map { $1 + 0.25 * Double($0 + 1) }
      model.weights[name] = try TensorData(shape: tensor.shape, doubles: changed).converted(to: tensor.dtype)
    }
    let folder = try ScratchFolder()
    _ = try SourceLayoutExporter().export(model, to: folder.path + "/changed.h5")
    let back = try LoadedModel.load(folder.path + "/changed.h5")
    #expect(back.weights == model.weights)
  }

  @Test func aKerasArchiveIsNotWrittenBack() throws {
    let model = try LoadedModel.load("\(ExportFixture.root)/keras-3/shared_layer.keras")
    #expect(!SourceLayoutExporter().canWrite(model))
    let folder = try ScratchFolder()
    #expect(throws: ExportError.self) {
      try SourceLayoutExporter().export(model, to: folder.path + "/back.h5")
    }
  }
}
