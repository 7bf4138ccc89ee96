import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Masks, measured with SimpleRNN(1, linear, kernel 1, recurrent 1) behind Masking(0) on Keras 0.3.3 to 3.15.
@Suite struct LayerMaskTests {
  static let x = Tensor([3, 5, 1], [1, 2, 0, 4, 0, 0, 0, 3, 4, 0, 0, 2, 0, 0, 5])

  private func recurrent(_ extra: JSON = [:]) -> JSON {
    var fields: JSON = ["units": 1, "activation": "linear", "return_sequences": true, "use_bias": false]
    for (key, value) in extra.objectValue ?? [:] { fields[key] = value }
    return fields
  }

  private func weights(_ prefix: String) -> [String: Tensor] {
    [prefix + "cell/kernel": Tensor([1, 1], [1]), prefix + "cell/recurrent_kernel": Tensor([1, 1], [1])]
  }

  @Test(arguments: [
    (false, [1.0, 3, 3, 7, 7, 0, 0, 3, 7, 7, 0, 2, 2, 2, 7]), (true, [0.0, 4, 4, 6, 7, 0, 4, 7, 7, 7, 5, 5, 5, 7, 7]),
  ]) func maskedStepsRepeatTheOutputBefore(_ backwards: Bool, _ expected: [Double]) throws {
    var bench = try LayerBench(
      input: [nil, 1], [("Masking", [:]), ("SimpleRNN", recurrent(["go_backwards": .bool(backwards)]))])
    bench.parameters = weights("l1/")
    #expect(agree(try bench.run(Self.x), [3, 5, 1], expected))
    #expect(try bench.lowered().outputMasks[0] != nil)
  }

  @Test(arguments: [
    (false, [1.0, 7, 3, 6, 3, 4, 7, 4, 7, 0]), (true, [1.0, 7, 3, 6, 0, 0, 7, 4, 0, 0]),
  ]) func bidirectionalCarriesOrZeroesMaskedSteps(_ zeroes: Bool, _ expected: [Double]) throws {
    let inner: JSON = [
      "class_name": "SimpleRNN",
      "config": recurrent(["name": "rnn", "zero_output_for_mask": .bool(zeroes)]),
    ]
    var bench = try LayerBench(
      input: [nil, 1], [("Masking", [:]), ("Bidirectional", ["layer": inner, "merge_mode": "concat"])])
    bench.parameters = weights("l1/forward_layer/").merging(weights("l1/backward_layer/")) { $1 }
    let y = try bench.run(Self.x)
    #expect(y.shape == [3, 5, 2])
    #expect(Array(y.values.prefix(10)) == expected)
  }

  @Test func averageCountsUnmaskedStepsOnly() throws {
    let bench = try LayerBench(input: [nil, 1], [("Masking", [:]), ("GlobalAveragePooling1D", [:])])
    #expect(agree(try bench.run(Self.x), [3, 1], [7.0 / 3, 3.5, 3.5]))
  }

  @Test func timeDistributedComputesMaskedStepsAndPassesTheMask() throws {
    let dense: JSON = ["class_name": "Dense", "config": ["name": "d", "units": 1]]
    var bench = try LayerBench(input: [nil, 1], [("Masking", [:]), ("TimeDistributed", ["layer": dense])])
    bench.parameters = ["l1/layer/kernel": Tensor([1, 1], [2]), "l1/layer/bias": Tensor([1], [0.5])]
    let model = try bench.lowered()
    let mask = try #require(model.outputMasks[0])
    let results = try bench.run([Self.x], fetching: [model.graph.outputs[0], mask], in: model)
    #expect(Array(results[0].values.prefix(5)) == [2.5, 4.5, 0.5, 8.5, 0.5])
    #expect(Array(results[1].values.prefix(5)) == [1, 1, 0, 1, 0])
  }

  private static let passing: [(String, JSON, Bool)] = [
    ("Dense", ["units": 2], true), ("Dropout", ["rate": 0.5], true), ("BatchNormalization", [:], true),
    ("Conv1D", ["filters": 1, "kernel_size": 1], false), ("MaxPooling1D", [:], false), ("Flatten", [:], false),
    ("SimpleRNN", ["units": 1], false),
  ]

  @Test(arguments: passing) func masksPassOnlyLayersThatKeepSteps(_ className: String, _ config: JSON, _ passes: Bool)
    throws
  {
    let bench = try LayerBench(input: [4, 3], [("Masking", [:]), (className, config)])
    #expect((try bench.lowered().outputMasks[0] != nil) == passes)
  }

  @Test func embeddingMasksZeroAndCutsFloats() throws {
    var bench = try LayerBench(input: [3], [("Embedding", ["input_dim": 3, "output_dim": 1, "mask_zero": true])])
    bench.parameters = ["l0/embeddings": Tensor([3, 1], [5, 6, 7])]
    let model = try bench.lowered()
    let mask = try #require(model.outputMasks[0])
    let results = try bench.run([Tensor([1, 3], [0.9, 1.2, 2])], fetching: [model.graph.outputs[0], mask], in: model)
    #expect(results[0].values == [5, 6, 7])
    #expect(results[1].values == [0, 1, 1])
  }
}
