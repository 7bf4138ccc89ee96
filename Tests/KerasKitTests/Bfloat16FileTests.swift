import DataFiles
import Foundation
import KerasKit
import Testing
import ZipArchive

/// Models with bfloat16 variables in HDF5, made by `Tools/fixtures/bfloat16_hdf5.py`; outputs are from before saving.
@Suite struct Bfloat16FileTests {
  @Test(arguments: ["whole.h5", "model.json"])
  func predictsWhatTheSavedModelPredicted(_ file: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bfloat16-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let archive = try ZipReader(path: "\(Fixture.root)/fixtures/bfloat16_hdf5.zip")
    for member in archive.members {
      try Data(archive.read(member.name)).write(to: folder.appendingPathComponent(member.name))
    }
    let truth = try ArrayFile.read(folder.appendingPathComponent("arrays.npz").path)
    let outputs = try Model.load(folder.appendingPathComponent(file).path).predict(truth)
    #expect(try difference(outputs[0], #require(truth["y0"])) <= MixedPrecisionTests.tolerance("bfloat16"))
  }
}
