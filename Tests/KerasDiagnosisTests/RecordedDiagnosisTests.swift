import Foundation
import KerasKit
import PackedFixtures
import Testing

/// What Keras 2.1.3 and numpy found in models that it saved (`Tools/fixtures/diagnosis.py`).
struct RecordedDiagnosisTests {
  private static let recording = "diagnosis/keras-2.1.3.json"
  private static let models = [
    "models/keras-2.1.3/mlp_rmsprop.h5", "models/keras-2.1.3/mlp_sgd_momentum.h5",
    "models/keras-2.1.3/conv_channels_last.h5", "models/keras-2.1.3/conv_channels_first.h5",
    "models/keras-2.1.3/lstm_hard_sigmoid.h5", "diagnosis/saturated.h5",
  ]

  private func near(_ found: Double?, _ expected: JSON?, _ what: String, relative: Double = 2e-4) throws {
    let wanted = try #require(expected?.doubleValue, "\(what)")
    let value = try #require(found, "\(what)")
    #expect(abs(value - wanted) <= relative * max(abs(wanted), 1e-3) + 1e-6, "\(what): \(value), Keras \(wanted)")
  }

  private func compare(_ values: ValueSummary?, _ expected: JSON, _ what: String) throws {
    try near(values?.minimum, expected["min"], what + " min")
    try near(values?.maximum, expected["max"], what + " max")
    try near(values?.mean, expected["mean"], what + " mean", relative: 1e-3)
    try near(values?.deviation, expected["std"], what + " std", relative: 1e-3)
  }

  private func data(_ file: String, _ model: Model) throws -> any SampleSource {
    guard file != "diagnosis/saturated.h5" else {
      return try SampleFile.open(PackedFixtures.path("demo/digits.npz"), for: model).source
    }
    let arrays = try ArrayFile.read(PackedFixtures.path(String(file.dropLast(3)) + ".npz"))
    return try DataSet(
      inputs: model.fitted([try #require(arrays["x0"])]), targets: [try #require(arrays["t0"])])
  }

  @Test(arguments: models) func numbersAreThoseOfKeras(_ file: String) throws {
    let all = try JSON(parsing: String(contentsOfFile: PackedFixtures.path(Self.recording), encoding: .utf8))
    let recorded = try #require(all["models"]?[file])
    let model = try Model.load(PackedFixtures.path(file))
    let diagnosis = try model.diagnose(data(file, model))
    try near(diagnosis.dataLoss, recorded["data_loss"], "loss")
    for (name, expected) in try #require(recorded["layers"]?.objectValue) {
      let layer = try #require(diagnosis.layer(name), "\(name)")
      let what = "\(file) \(name)"
      try compare(layer.output, try #require(expected["output"]), what)
      if let before = expected["pre_activation"] {
        try compare(layer.preActivation, before, what + " before activation")
      }
      if let low = expected["low"] {
        try near(layer.saturation?.low, low, what + " low")
        try near(layer.saturation?.high, expected["high"], what + " high")
      }
      if let entropy = expected["entropy"] { try near(layer.saturation?.entropy, entropy, what + " entropy") }
      if let gradient = expected["weight_gradient"] {
        try near(layer.weightGradient, gradient, what + " gradient of weights", relative: 2e-3)
      }
      if let gradient = expected["output_gradient"] {
        try near(layer.outputGradient, gradient, what + " gradient of outputs", relative: 2e-3)
      }
      for (gate, numbers) in expected["gates"]?.objectValue ?? [:] {
        let found = try #require(layer.gates.first { $0.name == gate }, "\(what) \(gate)")
        try compare(found.preActivation, numbers, "\(what) gate \(gate)")
        guard let low = numbers["low"] else { continue }
        try near(found.saturation?.low, low, "\(what) gate \(gate) low")
        try near(found.saturation?.high, numbers["high"], "\(what) gate \(gate) high")
      }
    }
  }

  /// The model the whole command is about: small weights, large inputs from the layer before, all of a tanh at one end.
  @Test func theSaturatedModelNeedsAnActivityRegularizer() throws {
    let model = try Model.load(PackedFixtures.path("diagnosis/saturated.h5"))
    let diagnosis = try model.diagnose(data("diagnosis/saturated.h5", model))
    let verdict = try #require(diagnosis.verdicts.first)
    #expect(verdict.rule == "activity-before" && verdict.layer == "squash")
    #expect(verdict.remedies == [Remedy(layer: "collect", field: "activity")])
    let recommendation = try #require(diagnosis.recommendation)
    #expect(recommendation.isBasisMeasured && !recommendation.needsIntendedSemantics)
    #expect((0.01...0.1).contains(recommendation.terms[0].penalty / recommendation.basis))
  }

  /// A model of 2017 whose nested layer was penalised on its inputs: a new regularizer there needs the documented meaning.
  @Test func aNestedLayersRegularizerNeedsTheIntendedMeaning() throws {
    var model = try Model.load(PackedFixtures.path("demo/digits-2017.h5"))
    var loaded = model.loaded
    let name = try #require(loaded.weights.keys.first { $0.hasSuffix("hidden/kernel") })
    let kernel = try #require(loaded.weights[name])
    loaded.weights[name] = try TensorData(
      shape: kernel.shape, floats: Array(repeating: 0.49, count: kernel.elementCount))
    model = try Model(loaded)
    let diagnosis = try model.diagnose(SampleFile.open(PackedFixtures.path("demo/digits.npz"), for: model).source)
    let term = try #require(diagnosis.recommendation?.terms.first { $0.remedy.field == "activity" })
    #expect(term.remedy.layer == "sequential/hidden")
    #expect(try #require(diagnosis.recommendation).needsIntendedSemantics)
  }

  /// Units are filters, wherever the model has its channels.
  @Test(arguments: ["models/keras-2.1.3/conv_channels_last.h5", "models/keras-2.1.3/conv_channels_first.h5"])
  func unitsAreFilters(_ file: String) throws {
    let model = try Model.load(PackedFixtures.path(file))
    let diagnosis = try model.diagnose(data(file, model))
    var found = 0
    for layer in diagnosis.layers where layer.className == "Conv2D" {
      let kernel = try #require(layer.weights.first { $0.name == "kernel" })
      #expect(layer.units == kernel.shape.last && layer.drivers != nil, "\(layer.path)")
      found += 1
    }
    #expect(found == 2)
  }
}
