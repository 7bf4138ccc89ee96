import KerasKit
import Testing

@Suite struct LedgerTests {
  private func ledger(_ model: String, target: Release? = nil) throws -> Ledger {
    try Ledger.of(try ModelFile.open("\(SavedModel.fixtures)/models/\(model)"), target: target)
  }

  private func entry(_ ledger: Ledger, _ rule: String) throws -> Ledger.Entry {
    try #require(ledger.layers.flatMap(\.entries).first { $0.rule == rule })
  }

  @Test func oneLineHasTheMeaningOfEachRelease() throws {
    let entry = try entry(try ledger("keras-1.2.2/embedding_lstm_mask.h5"), "hard-sigmoid-def")
    #expect(entry.saved == "recurrent_activation hard_sigmoid")
    #expect(entry.canonical == "recurrent_activation")
    #expect(entry.location.pointer?.description.hasSuffix("/inner_activation") == true)
    let byRelease = Dictionary(
      entry.meanings.map { ($0.release.description, $0.text) }, uniquingKeysWith: { first, _ in first })
    let old = "clip(0.2·x + 0.5, 0, 1); at −2.6: 0"
    let new = "clip(x/6 + 0.5, 0, 1); at −2.6: 0.0667"
    #expect(
      byRelease == [
        "Keras 1.2.2 on Theano": old, "Keras 2.3.1": old, "tf.keras 2.15.0": old, "Keras 3.13.2": new,
        "Keras 3.15.1": new,
      ])
    #expect(entry.meanings.filter(\.isFiles).map(\.release.description) == ["Keras 1.2.2 on Theano"])
  }

  @Test func oldNamesStandBesideTheirNewOnes() throws {
    let ledger = try ledger("keras-1.2.2/conv1d.h5")
    let layer = try #require(ledger.layers.first { $0.savedClass == "Convolution1D" })
    #expect(layer.canonicalClass == "Conv1D")
    #expect(layer.entries.contains { $0.saved.hasPrefix("nb_filter = ") && $0.canonical?.hasPrefix("filters") == true })
  }

  @Test func aTargetLeavesOnlyWhatChangesForIt() throws {
    let old = try ledger("keras-2.1.3/gru_bidirectional.h5", target: .keras23)
    #expect(old.layers.flatMap(\.entries).compactMap(\.rule).contains("hard-sigmoid-def") == false)
    let new = try ledger("keras-2.1.3/gru_bidirectional.h5", target: .current)
    #expect(
      Set(new.layers.flatMap(\.entries).compactMap(\.rule)).isSuperset(of: [
        "hard-sigmoid-def", "gru-reset-after-default", "bidirectional-mask-zero",
      ]))
    #expect(new.layers.flatMap(\.entries).allSatisfy { $0.differs })
  }

  @Test func aReleaseMeansTheSameToItself() throws {
    for (model, own) in [
      ("keras-3/mlp_adam.keras", Release.current), ("keras-2.3.1/gru_bidirectional.h5", .keras23),
      ("keras-2.15/lstm_hard_sigmoid.h5", .tensorFlow215),
    ] {
      #expect(try ledger(model, target: own).layers.isEmpty, "\(model)")
      // Against an older or a newer release the same files have entries: the emptiness above says something.
      #expect(try !ledger(model, target: Release(KerasVersion(1, 2, 2))).layers.isEmpty, "\(model)")
    }
  }
}
