import Foundation
import KerasKit
import Testing

/// Models that compute in bfloat16 or float16, as Keras 3.15.1 and tf.keras 2.15 computed them on the CPU
/// (Tools/fixtures/mixed_precision.py).
@Suite struct MixedPrecisionTests {
  /// Two steps of the format at 1: Keras' kernels for softmax, recurrence, normalisation and (float16) products round
  /// inside, ours at the end of each operation.
  static func tolerance(_ name: String) -> Double { name.contains("bfloat16") ? 0x1p-6 : 0x1p-9 }

  /// What rounds once at its end is equal to the last bit.
  static let exact = ["dense", "dense_float32_end", "image", "merge", "arithmetic", "embedding", "batch_normalization"]

  @Test(arguments: ["keras-2.15", "keras-3"]) func predictsWithinTheFormatsResolution(_ release: String) throws {
    try RecordedArchive.with("mixed_precision", release) { archive in
      #expect(archive.models.count == 44)
      for model in archive.models {
        let truth = try archive.arrays(model)
        let outputs = try Model.load(archive.path(model.file)).predict(truth)
        let bound = Self.exact.contains { "mixed_bfloat16_" + $0 == model.name } ? 1e-5 : Self.tolerance(model.name)
        #expect(try difference(outputs[0], #require(truth["y0"])) <= bound, "\(model.name)")
      }
    }
  }
}
