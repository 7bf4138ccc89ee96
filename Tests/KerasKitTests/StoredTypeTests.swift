import DataFiles
import Foundation
import KerasCore
import PackedFixtures
import Testing

@testable import KerasKit
@testable import KerasModel

/// Training computes in float32; what it writes has the types of what it read (a Keras 3 model with six policies).
@Suite struct StoredTypeTests {
  private static let stem = PackedFixtures.path("training_modes/keras-3/types")

  @Test func theModelHasEveryType() throws {
    let weights = try Model.load(Self.stem + ".keras").loaded.weights
    #expect(Set(weights.values.map(\.dtype)) == [.float16, .bfloat16, .float64, .float32])
  }

  @Test(arguments: ["model.h5", "model.keras"])
  func trainedWeightsAndSlotsKeepTheirTypes(_ output: String) throws {
    let model = try Model.load(Self.stem + ".keras")
    let before = model.loaded.weights
    let record = try NumpyArchive(path: Self.stem + ".npz")
    let data = try DataSet(inputs: [try #require(record["x0"])], targets: [try #require(record["t0"])])
    try model.fineTune(data, epochs: 2, batchSize: 4)
    let trained = model.loaded.weights
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + output)
      .path(percentEncoded: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try model.save(to: path)
    let after = try Model.load(path).loaded
    #expect(Set(after.weights.keys) == Set(before.keys))
    for (name, old) in before {
      let new = try #require(after.weights[name])
      #expect(new.dtype == old.dtype, "\(name)")
      #expect(new.bytes == trained[name]?.bytes, "\(name)")
      #expect(new.bytes != old.bytes, "\(name)")
    }
    // Keras 3 cannot train on from an optimizer's state in HDF5, so that none is written there.
    guard output.hasSuffix(".keras") else { return }
    let state = try #require(try OptimizerState.stored(in: after))
    for arrays in state.slots.values {
      for (name, slot) in arrays { #expect(slot.dtype == before[name]?.dtype, "\(name)") }
    }
  }
}
