import Foundation
import KerasKit
import Testing

/// The numbers themselves, against plain loops and finite differences.
struct MeasurementTests {
  private let stack = DenseStack(
    inputs: 6,
    layers: [
      .init(units: 5, activation: "sigmoid", weight: { 4 * Numbers.mixed($0, $1) }, bias: { 2 * Numbers.mixed($0, 3) }),
      .init(units: 4, activation: "linear", weight: { 3 * Numbers.mixed($0, $1) }, bias: { Numbers.mixed($0, 5) }),
      .init(units: 3, activation: "softmax", weight: { Numbers.mixed($0, $1) }),
    ], activations: [1: "tanh"])
  private let inputs = { try Numbers.uniform([50, 6], -2...2, seed: 3) }

  private func activations() throws -> (z0: [Double], a0: [Double], z1: [Double], a1: [Double], p: [[Double]]) {
    let x = try inputs().doubles()
    var (z0, a0, z1, a1, p): ([Double], [Double], [Double], [Double], [[Double]]) = ([], [], [], [], [])
    for sample in 0..<50 {
      func product(_ input: [Double], _ layer: DenseStack.Layer) -> [Double] {
        (0..<layer.units).map { unit in
          input.enumerated().reduce(Double(layer.bias(unit))) {
            $0 + $1.element * Double(layer.weight($1.offset, unit))
          }
        }
      }
      let first = product(Array(x[sample * 6..<sample * 6 + 6]), stack.layers[0])
      z0 += first
      a0 += first.map { 1 / (1 + exp(-$0)) }
      let second = product(first.map { 1 / (1 + exp(-$0)) }, stack.layers[1])
      z1 += second
      a1 += second.map { tanh($0) }
      let powers = product(second.map { tanh($0) }, stack.layers[2]).map { exp($0) }
      p.append(powers.map { $0 / powers.reduce(0, +) })
    }
    return (z0, a0, z1, a1, p)
  }

  @Test(arguments: [7, 50]) func rangesAndTailsAreThoseOfPlainLoops(_ batch: Int) throws {
    let expected = try activations()
    var options = DiagnosisOptions()
    options.batchSize = batch
    let diagnosis = try stack.model().diagnose(inputs: [inputs()], options: options)
    let (d0, a1, d2) = (
      try #require(diagnosis.layer("d0")), try #require(diagnosis.layer("a1")), try #require(diagnosis.layer("d2"))
    )
    let before = try #require(d0.preActivation)
    #expect(
      abs(before.minimum - (expected.z0.min() ?? 0)) < 1e-4 && abs(before.maximum - (expected.z0.max() ?? 0)) < 1e-4)
    let mean = expected.z0.reduce(0, +) / 250
    let deviation = (expected.z0.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 250).squareRoot()
    #expect(abs(before.mean - mean) < 1e-4 && abs(before.deviation - deviation) < 1e-4)
    #expect(before.histogram.counts.reduce(0, +) == 250)
    let sigmoid = try #require(d0.saturation)
    #expect(abs(sigmoid.low - Double(expected.a0.count { $0 < 0.01 }) / 250) < 1e-9)
    #expect(abs(sigmoid.high - Double(expected.a0.count { $0 > 0.99 }) / 250) < 1e-9)
    #expect(sigmoid.low > 0.05 && sigmoid.high > 0.05)
    // The activation's layer is measured before and after, with the kernel of the layer before it.
    let tanh = try #require(a1.saturation)
    #expect(tanh.activation == "tanh" && a1.activates == "d1")
    #expect(abs(tanh.low - Double(expected.a1.count { $0 < -0.99 }) / 200) < 1e-9)
    #expect(abs(try #require(a1.preActivation).maximum - (expected.z1.max() ?? 0)) < 1e-4)
    let entropy = expected.p.map { row in -row.reduce(0) { $0 + $1 * log($1) } / log(3) }.reduce(0, +) / 50
    #expect(abs(try #require(d2.saturation?.entropy) - entropy) < 1e-5)
    #expect(d2.isOutput && !a1.isOutput && d2.producers == ["d1"] && d0.modelInputs == ["x"])
  }

  @Test func driversAreWhatIsLeftWithoutACause() throws {
    let expected = try activations()
    let drivers = try #require(stack.model().diagnose(inputs: [inputs()]).layer("d0")?.drivers)
    let layer = stack.layers[0]
    func share(_ body: (Double, Int) -> Double) -> Double {
      Double(expected.z0.enumerated().count { abs(body($0.element, $0.offset % 5)) >= 4.59512 }) / 250
    }
    let norms = (0..<5).map { unit in
      (0..<6).reduce(0.0) { $0 + pow(Double(layer.weight($1, unit)), 2) }.squareRoot()
    }
    let bias = (0..<5).map { Double(layer.bias($0)) }
    #expect(drivers.measure == .saturatedShare)
    #expect(abs(drivers.observed - share { z, _ in z }) < 1e-9)
    #expect(abs(drivers.withoutBias - share { $0 - bias[$1] }) < 1e-9)
    #expect(abs(drivers.withUnitKernel - share { ($0 - bias[$1]) / max(1, norms[$1]) + bias[$1] }) < 1e-9)
    #expect(abs(drivers.kernelNorm - (norms.reduce(0) { $0 + $1 * $1 } / 5).squareRoot()) < 1e-5)
  }

  /// (L(w + h) − L(w − h)) / 2h for each weight, whatever the batches are.
  @Test(arguments: [8, 50]) func gradientsAreThoseOfFiniteDifferences(_ batch: Int) throws {
    let targets = try Numbers.uniform([50, 3], 0...1, seed: 9)
    let x = try inputs()
    let model = try stack.model()
    var options = DiagnosisOptions()
    options.batchSize = batch
    let diagnosis = try model.diagnose(inputs: [x], targets: [targets], options: options)
    let loss = try model.evaluate(DataSet(inputs: [x], targets: [targets])).dataLoss
    #expect(abs(try #require(diagnosis.dataLoss) - loss) < 1e-6)
    for name in ["d1/kernel", "d2/bias"] {
      let original = try #require(model.loaded.weights[name])
      let step: Float = 0.02
      var squares = 0.0
      for index in 0..<original.elementCount {
        func loss(_ change: Float) throws -> Double {
          var values = try original.floats()
          values[index] += change
          var loaded = model.loaded
          loaded.weights[name] = try TensorData(shape: original.shape, floats: values)
          return try Model(loaded).evaluate(DataSet(inputs: [x], targets: [targets]), batchSize: 50).dataLoss
        }
        let slope = (try loss(step) - loss(-step)) / Double(2 * step)
        squares += slope * slope
      }
      let parts = name.split(separator: "/").map(String.init)
      let found = try #require(
        diagnosis.layer(parts[0])?.weights.first { $0.name == parts[1] }?.gradientNorm)
      #expect(abs(found - squares.squareRoot()) < 0.01 * squares.squareRoot() + 1e-6, "\(name)")
    }
  }

  /// Memory for one sample only, and data spread over a file that is sorted.
  @Test func fewSamplesAreSpreadOverAllOfThem() throws {
    let sorted = try TensorData(shape: [1000, 1], floats: (0..<1000).map(Float.init))
    let stack = DenseStack(inputs: 1, layers: [.init(units: 1, activation: "relu", weight: { _, _ in 1 })])
    var options = DiagnosisOptions(samples: 100, memoryLimit: 1)
    let few = try stack.model().diagnose(inputs: [sorted], options: options)
    #expect(few.samples == 100 && few.available == 1000 && few.notes.isEmpty)
    #expect(few.inputs[0].values.maximum > 900 && few.inputs[0].values.minimum == 0)
    #expect(few.layers[0].output.count == 100)
    options.samples = 5000
    #expect(try stack.model().diagnose(inputs: [sorted], options: options).layers[0].output.count == 1000)
  }

  /// The term begins at a twentieth of the loss of the data, by the release's own rule.
  @Test(arguments: ["2.1.3", "2.15.0"]) func theStrengthIsMeasured(_ release: String) throws {
    let layers: [DenseStack.Layer] = [
      .init(units: 64, activation: "relu", weight: { _, _ in 0.3 }),
      .init(units: 8, activation: "sigmoid", weight: { 0.3 * Numbers.mixed($0, $1) }),
      .init(units: 3, activation: "linear", weight: { Numbers.mixed($0, $1) }),
    ]
    let model = try DenseStack(inputs: 64, layers: layers).model()
    let data = try DataSet(
      inputs: [Numbers.uniform([64, 64], 0...1)], targets: [Numbers.uniform([64, 3], 0...1, seed: 4)])
    var options = DiagnosisOptions(batchSize: 16)
    let semantics = TrainingSemantics.of(version: KerasVersion(release) ?? KerasVersion(3, 0, 0))
    options.training.semantics = semantics
    let diagnosis = try model.diagnose(data, options: options)
    let term = try #require(diagnosis.recommendation?.terms.first)
    #expect(term.text.hasPrefix("d0: activity=l2("))
    let (edited, _) = try model.editing([RegularizerEdit(adding: term.text)])
    var training = TrainingOptions()
    training.semantics = semantics
    let evaluation = try edited.evaluate(data, batchSize: 16, options: training)
    #expect((0.01...0.1).contains(evaluation.penalty / evaluation.dataLoss))
    #expect(abs(evaluation.penalty - term.penalty) < 1e-4 * term.penalty)
  }
}
