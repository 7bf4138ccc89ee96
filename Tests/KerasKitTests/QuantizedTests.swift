import Foundation
import KerasKit
import Testing

/// Layers with LoRA, int8, int4, float8 and GPTQ as Keras 3.13.1 and 3.15.1 wrote and computed them
/// (Tools/fixtures/quantized_layers.py).
@Suite struct QuantizedTests {
  /// Files that Keras itself cannot read: they lack variables.
  static let unreadable: Set<String> = ["dense_awq_without_zeros"]

  @Test(arguments: [("keras-3.13", 17), ("keras-3", 54)]) func predictsWhatKerasPredicted(
    _ release: String, _ count: Int
  ) throws {
    try RecordedArchive.with("quantized", release) { archive in
      let readable = archive.models.filter { !$0.outputs.isEmpty }
      #expect(readable.count == count)
      for model in readable {
        let truth = try archive.arrays(model)
        let outputs = try Model.load(archive.path(model.file)).predict(truth)
        #expect(try difference(outputs[0], #require(truth["y0"])) <= 1e-6, "\(model.name)")
      }
    }
  }

  /// What Keras computed before it saved: it does not read these files, which do not say what is quantized.
  @Test func lostPoliciesOfAttentionsAreRecovered() throws {
    try RecordedArchive.with("quantized", "keras-3-attention") { archive in
      #expect(archive.models.count == 6)
      for model in archive.models {
        let truth = try archive.arrays(model)
        let loaded = try Model.load(archive.path(model.file))
        #expect(try difference(loaded.predict(truth)[0], #require(truth["y0"])) <= 1e-6, "\(model.name)")
        let copy = archive.path("copy.keras")
        try loaded.save(to: copy)
        #expect(try difference(Model.load(copy).predict(truth)[0], #require(truth["y0"])) <= 1e-6, "\(model.name)")
      }
    }
  }

  @Test func filesThatKerasCannotReadAreRefused() throws {
    try RecordedArchive.with("quantized", "keras-3") { archive in
      for name in Self.unreadable {
        #expect(throws: KerasKitError.self, "\(name)") { try Model.load(archive.path(name + ".keras")) }
      }
    }
  }

  @Test(arguments: [
    "dense_int8", "dense_int4_blocks", "dense_float8", "einsum_int4", "embedding_int8", "reversible_untied_int4",
  ])
  func aCopyIsQuantizedAsItsSource(_ name: String) throws {
    try RecordedArchive.with("quantized", "keras-3") { archive in
      let model = try #require(archive.models.first { $0.name == name })
      let copy = archive.path("copy.keras")
      try Model.load(archive.path(model.file)).save(to: copy)
      let truth = try archive.arrays(model)
      let outputs = try Model.load(copy).predict(truth)
      #expect(try difference(outputs[0], #require(truth["y0"])) <= 1e-6)
    }
  }
}
