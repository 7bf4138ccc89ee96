import KerasKit
import Testing

/// Regularizers added to and removed from models of every era.
struct RegularizerEditTests {
  @Test func textIsReadAsKerasSpellsIt() throws {
    let edit = try RegularizerEdit(adding: "enc*/dense_?: kernel = l2(1e-4),activity=l1_l2(l1=1e-5, l2=0.5)")
    #expect(edit.pattern == "enc*/dense_?")
    #expect(
      edit.change == .set(["kernel": .l1l2(l1: 0, l2: 1e-4), "activity": .l1l2(l1: 1e-5, l2: 0.5)]))
    #expect(try Regularizer(text: "l2") == .l1l2(l1: 0, l2: 0.01))
    #expect(try Regularizer(text: "L1L2") == .l1l2(l1: 0.01, l2: 0.01))
    #expect(try Regularizer(text: "l1_l2(0.25)") == .l1l2(l1: 0.25, l2: 0))
    #expect(try Regularizer(text: "orthogonal(0.5, mode='columns')") == .orthogonal(factor: 0.5, mode: "columns"))
    #expect(try RegularizerEdit(removing: "dense_*").change == .remove([]))
    #expect(try RegularizerEdit(removing: "dense_*: kernel, bias_regularizer").change == .remove(["kernel", "bias"]))
  }

  @Test(arguments: [
    ("dense", "layer: kernel"), ("dense: kernel=l3(1)", "l3"), ("dense: kernel=l2(-1)", "at least 0"),
    ("dense: kernel=l2(nan)", "at least 0"), ("dense: kernel=l2(1, 2)", "2 numbers"),
    ("dense: kernel=l2(l1=2)", "takes l2"), ("dense: kernel=l2(1", "parenthesis"), (": kernel=l2", "expected"),
    ("dense: kernel=l2, kernel=l1", "twice"), ("dense: k-1=l2", "no field"),
    ("dense: kernel=orthogonal(1, mode=diagonal)", "rows or columns"),
  ]) func wrongTextIsAnError(_ text: String, _ words: String) throws {
    let error = #expect(throws: EditError.self) { try RegularizerEdit(adding: text) }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains(words))
  }

  @Test func whatMatchesNothingIsAnErrorThatListsWhatCould() throws {
    let model = try Model.load(Fixture.model("keras-2.1.3/nested_activity.h5"))
    func message(_ text: String) throws -> String {
      let edit = try RegularizerEdit(adding: text)
      let error = #expect(throws: KerasKitError.self) { try model.editing([edit]) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(try message("conv_1: kernel=l2").contains("dense_21, sequential/dense_19, sequential/dense_20, dense_22"))
    for (text, layer) in [("dense_21: recurrent=l2", "dense_21"), ("sequential/*: gamma=l2", "sequential/dense_19")] {
      let words = try message(text)
      for word in [layer, "kernel", "bias", "activity"] { #expect(words.contains(word), "\(words)") }
    }
    #expect(throws: KerasKitError.self) { try model.editing([RegularizerEdit(removing: "dense_21")]) }
  }

  /// A term is l1·Σ|w| + l2·Σw² of the stored array.
  @Test(arguments: [
    ("keras-1.2.2/embedding_lstm_mask.h5", "lstm_1", "recurrent"),
    ("keras-2.1.3/embedding_lstm_mask.h5", "embedding_1", "embeddings"),
    ("keras-2.15/separable.h5", "*", "pointwise"), ("keras-2.15/separable.h5", "separable*", "depthwise"),
    ("keras-3/mlp_regularizers.h5", "batch_normalization", "gamma"),
    ("keras-2.1.3/gru_bidirectional.h5", "bidirectional*", "kernel"),
    ("keras-2.1.3/time_distributed.h5", "time_distributed_2", "kernel"),
  ]) func aTermIsTheSumOverTheWeights(_ file: String, _ pattern: String, _ field: String) throws {
    let model = try Model.load(Fixture.model(file))
    let all = try RegularizerEdit(removing: "*")
    let bare = (try? model.editing([all]).model) ?? model
    let (edited, changes) = try bare.editing([RegularizerEdit(adding: "\(pattern): \(field)=l1_l2(0.25, 0.5)")])
    #expect(!changes.isEmpty)
    var expected: [String: Double] = [:]
    for (name, spec, _, _) in try edited.loaded.network.parameterSpecs() where spec.regularizer != nil {
      #expect(spec.role.contains(field) || field == "recurrent" && spec.role == "recurrent_kernel")
      let values = try #require(model.loaded.weights[name]).doubles()
      expected[name + "_regularizer"] = values.reduce(0) { $0 + 0.25 * $1.magnitude + 0.5 * $1 * $1 }
    }
    #expect(!expected.isEmpty)
    let found = try edited.evaluate(Fixture.dataSet(file, edited)).penalties
    #expect(Set(found.map(\.name)) == Set(expected.keys))
    for (name, value) in found {
      let wanted = try #require(expected[name])
      #expect((value - wanted).magnitude <= 1e-5 * wanted, "\(name)")
    }
  }

  /// Σ over what the layer puts out, which `predict` tells, by Keras 2.1.3's rule (no mean over the batch).
  @Test func anActivityTermIsTheSumOverTheOutputs() throws {
    let file = "keras-2.1.3/mlp_adam.h5"
    let model = try Model.load(Fixture.model(file))
    let edits = [try RegularizerEdit(adding: "dense_7: activity=l2(0.125)")]
    let (edited, _) = try model.editing(edits)
    let data = try Fixture.dataSet(file, model)
    let outputs = try model.predict(data.inputs)[0].doubles()
    let terms = try edited.evaluate(data).penalties.filter { $0.name == "dense_7/activity_regularizer" }
    let wanted = outputs.reduce(0) { $0 + 0.125 * $1 * $1 }
    #expect(terms.count == 1)
    #expect(((terms.first?.value ?? .nan) - wanted).magnitude <= 1e-5 * wanted)
  }

  /// The old format's own words; the file as it was but for them, and read back with the same meaning.
  @Test(arguments: [
    (
      "keras-1.2.2/mlp_regularizers.h5", "dense_3", "kernel", ["W_regularizer"],
      #"{"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.125}"#
    ),
    (
      "keras-2.1.3/mlp_adam.h5", "dense_6", "bias", ["bias_regularizer"],
      #"{"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.125}}"#
    ),
    (
      "keras-2.1.3/time_distributed.h5", "time_distributed_2", "kernel", ["layer", "config", "kernel_regularizer"],
      #"{"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.125}}"#
    ),
  ]) func theOldFormatCarriesIt(
    _ file: String, _ layer: String, _ field: String, _ path: [String], _ written: String
  ) throws {
    let model = try Model.load(Fixture.model(file))
    let (edited, _) = try model.editing([RegularizerEdit(adding: "\(layer): \(field)=l2(0.125)")])
    #expect(edited.canSaveAsSource)
    let folder = try ScratchFolder()
    try edited.saveAsSource(to: folder.path + "/edited.h5")
    let back = try Model.load(folder.path + "/edited.h5")
    let layers = back.loaded.source.config?["config"]
    let object = (layers?.arrayValue ?? layers?["layers"]?.arrayValue ?? []).first {
      $0["config"]?["name"]?.stringValue == layer
    }
    #expect(try object?[JSONPointer(["config"] + path)] == JSON(parsing: written))
    #expect(back.loaded.canonical.config == edited.loaded.canonical.config)
    #expect(back.loaded.weights == model.loaded.weights)
    let removed = try back.editing([RegularizerEdit(removing: "\(layer): \(field)")]).model
    let bare = try model.editing([RegularizerEdit(removing: "\(layer): \(field)")]).model
    #expect(removed.loaded.canonical.config == bare.loaded.canonical.config)
  }

  @Test func whatTheOldFormatCannotSayIsWrittenInTheCurrentOne() throws {
    let model = try Model.load(Fixture.model("keras-2.1.3/mlp_adam.h5"))
    let (edited, _) = try model.editing([RegularizerEdit(adding: "dense_6: kernel=orthogonal(0.01)")])
    #expect(!edited.canSaveAsSource)
    #expect(edited.loaded.sourceLacks.first?.contains("no such regularizer") == true)
    let folder = try ScratchFolder()
    try edited.save(to: folder.path + "/edited.keras")
    let back = try Model.load(folder.path + "/edited.keras")
    #expect(back.loaded.network.parameterRegularizer("dense_6/kernel") == .orthogonal(factor: 0.01, mode: "rows"))
  }
}

extension Network {
  fileprivate func parameterRegularizer(_ name: String) -> Regularizer? {
    (try? parameterSpecs())?.first { $0.name == name }?.spec.regularizer
  }
}
