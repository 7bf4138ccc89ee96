import Foundation
import KerasKit
import Testing
import ZipArchive

/// Fourier transforms, scattering and transposed convolutions as graph nodes (`Tools/fixtures/signal_functions.py`).
@Suite struct SignalFunctionTests {
  @Test(arguments: [("signals", 16), ("scattering", 2), ("transposed", 3)]) func computesWhatKerasComputed(
    _ name: String, _ count: Int
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("signals-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let archive = try ZipReader(path: "\(Fixture.root)/fixtures/signal_functions.zip")
    for member in archive.members {
      try Data(archive.read(member.name)).write(to: folder.appendingPathComponent(member.name))
    }
    let truth = try ArrayFile.read(folder.appendingPathComponent(name + ".npz").path)
    let outputs = try Model.load(folder.appendingPathComponent(name + ".keras").path).predict(truth)
    #expect(outputs.count == count)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(truth["y\(index)"])
      #expect(output.shape == expected.shape)
      #expect(try difference(output, expected) <= 1e-5, "output \(index)")
    }
  }
}
