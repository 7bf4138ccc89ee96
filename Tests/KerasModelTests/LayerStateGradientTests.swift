import KerasCore
import KerasGraph
import OrderedCollections
import Testing

@testable import KerasModel

/// Gradients of layers in states that their samples are not in: dropping, stateful, reversed, unrolled, frozen.
///
/// Masks and noise are drawn anew with the same seed in each run of the interpreter, so they stay fixed while weights move.
@Suite struct LayerStateGradientTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var className: String
    var fields: OrderedDictionary<String, JSON>
    /// Fields of the layer or cell inside.
    var inner: OrderedDictionary<String, JSON> = [:]
    var trainable = true
    var fixedBatch = false
    var testDescription: String { "\(className) \(JSON.object(fields).text()) \(JSON.object(inner).text())" }
  }

  private static let drops: OrderedDictionary<String, JSON> = ["dropout": 0.4, "recurrent_dropout": 0.3]

  static let cases: [Case] =
    ["LSTM", "GRU", "SimpleRNN"].flatMap { name in
      [
        Case(className: name, fields: drops),
        Case(className: name, fields: ["dropout": 0.4]),
        Case(className: name, fields: ["dropout": 0.4, "keraskit>input_dropout_masks": "each_step"]),
        Case(
          className: name,
          fields: drops.merging(["keraskit>state_dropout_masks": "single", "go_backwards": true]) { $1 }),
        Case(
          className: name,
          fields: drops.merging(["return_sequences": true, "keraskit>input_dropout_masks": "none"]) { $1 }),
        Case(className: name, fields: ["stateful": true, "return_sequences": true], fixedBatch: true),
        Case(className: name, fields: ["go_backwards": true, "unroll": true, "zero_output_for_mask": true]),
        Case(className: name, fields: ["activation": "softsign", "recurrent_dropout": 0.3]),
      ]
    } + [
      Case(
        className: "GRU",
        fields: ["recurrent_dropout": 0.3, "reset_after": false, "keraskit>state_dropout_masks": "carried"]),
      Case(className: "GRU", fields: drops.merging(["reset_after": false]) { $1 }),
      Case(className: "ConvLSTM1D", fields: drops),
      Case(className: "ConvLSTM2D", fields: drops.merging(["go_backwards": true]) { $1 }),
      Case(className: "ConvLSTM1D", fields: ["stateful": true], fixedBatch: true),
      Case(className: "Bidirectional", fields: ["merge_mode": "sum"], inner: drops),
      Case(className: "Bidirectional", fields: ["merge_mode": "mul"]),
      Case(className: "BatchNormalization", fields: [:], trainable: false),
      Case(className: "MultiHeadAttention", fields: ["dropout": 0.3]),
      Case(className: "Attention", fields: ["dropout": 0.3]),
      Case(className: "AdditiveAttention", fields: ["dropout": 0.3]),
      Case(className: "GroupQueryAttention", fields: ["dropout": 0.3]),
      Case(className: "AlphaDropout", fields: ["rate": 0.4]),
      Case(className: "GaussianDropout", fields: ["rate": 0.4]),
    ]

  @Test(arguments: cases, [false, true])
  func gradientsAreFiniteDifferences(_ testCase: Case, isMasked: Bool) throws {
    let sample = try #require(LayerSample.all.first { $0.className == testCase.className })
    guard !isMasked || sample.inputs.contains(where: { $0.rank >= 3 }) else { return }
    var config = try sample.fields()
    for (key, value) in testCase.fields { config[key] = value }
    if !testCase.inner.isEmpty, var layer = config["layer"], var fields = layer["config"]?.objectValue {
      for (key, value) in testCase.inner { fields[key] = value }
      layer["config"] = .object(fields)
      config["layer"] = layer
    }
    let inputs = sample.inputs.map { shape in
      shape.dimensions.enumerated().map { $0.offset == 0 && testCase.fixedBatch ? 2 : $0.element }
    }
    let changed = LayerSample(testCase.className, inputs: inputs, config: JSON.object(config).text())
    let bench = try LayerGradientBench(changed, trains: true, isMasked: isMasked, trainable: testCase.trainable)
    #expect(try bench.problem() == nil, "\(testCase.testDescription)")
  }
}
