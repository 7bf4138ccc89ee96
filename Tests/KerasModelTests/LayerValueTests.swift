import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Layers against numbers worked out by hand or measured on original Keras releases.
@Suite struct LayerValueTests {
  @Test func denseContractsTheLastAxisOfAnyRank() throws {
    var bench = try LayerBench(input: [2, 2], [("Dense", ["units": 1, "activation": "relu"])])
    bench.parameters = ["l0/kernel": Tensor([2, 1], [1, -1]), "l0/bias": Tensor([1], [0.5])]
    let y = try bench.run(Tensor([1, 2, 2], [3, 1, 1, 4]))
    #expect(agree(y, [1, 2, 1], [2.5, 0]))
  }

  /// At −2.6, −2, 1 and 2.5.
  private static let activations: [(name: String, values: [Double])] = [
    ("hard_sigmoid", [0.066_666_67, 0.166_666_67, 0.666_666_67, 0.916_666_67]),
    ("keraskit>hard_sigmoid", [0.0, 0.1, 0.7, 1.0]),
    ("leaky_relu", [-0.52, -0.4, 1.0, 2.5]),
    ("relu6", [0.0, 0.0, 1.0, 2.5]),
    ("softsign", [-0.722_222_22, -0.666_666_67, 0.5, 0.714_285_71]),
    ("hard_shrink", [-2.6, -2.0, 1.0, 2.5]),
    ("soft_shrink", [-2.1, -1.5, 0.5, 2.0]),
    ("sparse_plus", [0.0, 0.0, 1.0, 2.5]),
    ("hard_silu", [-0.173_333_33, -0.333_333_33, 0.666_666_67, 2.291_666_67]),
    ("sparsemax", [0.0, 0.0, 0.0, 1.0]),
    ("selu", [-1.627_519_01, -1.520_166_47, 1.050_700_99, 2.626_752_47]),
  ]

  @Test(arguments: activations) func activationsAreKeras(_ name: String, _ expected: [Double]) throws {
    let bench = try LayerBench(input: [4], [("Activation", ["activation": .string(name)])])
    #expect(agree(try bench.run(Tensor([1, 4], [-2.6, -2, 1, 2.5])), [1, 4], expected))
  }

  @Test func sparsemaxIsAsKeras3ComputesIt() throws {
    let bench = try LayerBench(input: [3], [("Activation", ["activation": "sparsemax"])])
    #expect(agree(try bench.run(Tensor([1, 3], [1, 0.5, -1])), [1, 3], [0.25, 0, 0]))
  }

  @Test func reluHasCapSlopeAndThreshold() throws {
    let bench = try LayerBench(input: [4], [("ReLU", ["max_value": 2.0, "negative_slope": 0.5, "threshold": 1.0])])
    #expect(agree(try bench.run(Tensor([1, 4], [-1, 0, 1.5, 3])), [1, 4], [-1, -0.5, 1.5, 2]))
  }

  @Test func flattenOfChannelsFirstMovesChannelsToTheEnd() throws {
    let x = Tensor([1, 2, 2], [1, 2, 3, 4])
    let plain = try LayerBench(input: [2, 2], [("Flatten", ["data_format": "channels_last"])])
    let moved = try LayerBench(input: [2, 2], [("Flatten", ["data_format": "channels_first"])])
    #expect(try plain.run(x).values == [1, 2, 3, 4])
    #expect(try moved.run(x).values == [1, 3, 2, 4])
  }

  /// Theano's `same` puts k // 2 zeros before, TensorFlow's the smaller half of what is missing.
  @Test(arguments: [("same", [3.0, 5, 7, 4]), ("keraskit>same_theano", [1.0, 3, 5, 7]), ("causal", [1.0, 3, 5, 7])])
  func evenKernelsAlignAsInTheBackend(_ padding: String, _ expected: [Double]) throws {
    var bench = try LayerBench(
      input: [4, 1],
      [("Conv1D", ["filters": 1, "kernel_size": [2], "padding": .string(padding), "use_bias": false])])
    bench.parameters = ["l0/kernel": Tensor([2, 1, 1], [1, 1])]
    #expect(agree(try bench.run(Tensor([1, 4, 1], [1, 2, 3, 4])), [1, 4, 1], expected))
  }

  @Test func channelsFirstConvolutionEqualsTheTransposedOne() throws {
    let fields: JSON = ["filters": 2, "kernel_size": [2, 2], "padding": "same", "use_bias": false]
    var first = fields
    first["data_format"] = "channels_first"
    var last = try LayerBench(input: [2, 3, 1], [("Conv2D", fields)])
    var moved = try LayerBench(input: [1, 2, 3], [("Conv2D", first)])
    let kernel = Tensor.generate([2, 2, 1, 2]) { Double($0[0] * 3 + $0[1] * 2 + $0[3]) - 2 }
    last.parameters = ["l0/kernel": kernel]
    moved.parameters = ["l0/kernel": kernel]
    let y = try last.run(Tensor([1, 2, 3, 1], [1, 2, 3, 4, 5, 6]))
    let z = try moved.run(Tensor([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]))
    #expect(z.shape == [1, 2, 2, 3])
    #expect(z.values == Tensor.generate([1, 2, 2, 3]) { y[[0, $0[2], $0[3], $0[1]]] }.values)
  }

  /// [0, 1] doubled: half pixels in tf.keras and Keras 3, plain division in Keras 2.2.3 to 2.3.1.
  @Test(arguments: [
    ("bilinear", [0.0, 0.25, 0.75, 1]), ("keraskit>bilinear_asymmetric", [0.0, 0.5, 1, 1]),
    ("nearest", [0.0, 0, 1, 1]),
  ]) func upSamplingInterpolatesAsItsRelease(_ mode: String, _ expected: [Double]) throws {
    let bench = try LayerBench(
      input: [1, 2, 1], [("UpSampling2D", ["size": [1, 2], "interpolation": .string(mode)])])
    #expect(agree(try bench.run(Tensor([1, 1, 2, 1], [0, 1])), [1, 1, 4, 1], expected))
  }

  @Test func transposedConvolutionOfUnknownSizeHasKerasLength() throws {
    var bench = try LayerBench(
      input: [nil, 1], [("Conv1DTranspose", ["filters": 1, "kernel_size": [3], "strides": [2], "use_bias": false])])
    bench.parameters = ["l0/kernel": Tensor([3, 1, 1], [1, 2, 3])]
    #expect(agree(try bench.run(Tensor([1, 2, 1], [1, 10])), [1, 5, 1], [1, 2, 13, 20, 30]))
  }

  @Test func dotOverAllCombinationsOfAxes() throws {
    let text = """
      {"class_name":"Functional","config":{"name":"m","layers":[
      {"class_name":"InputLayer","config":{"name":"a","batch_shape":[null,2,3]},"inbound_nodes":[]},
      {"class_name":"InputLayer","config":{"name":"b","batch_shape":[null,2,3]},"inbound_nodes":[]},
      {"class_name":"Dot","config":{"name":"d","axes":[2,2],"normalize":false},"inbound_nodes":[{"args":[[
      {"class_name":"__keras_tensor__","config":{"keras_history":["a",0,0]}},
      {"class_name":"__keras_tensor__","config":{"keras_history":["b",0,0]}}]],"kwargs":{}}]}],
      "input_layers":[["a",0,0],["b",0,0]],"output_layers":[["d",0,0]]}}
      """
    let x = Tensor([1, 2, 3], [1, 2, 3, 4, 5, 6])
    #expect(agree(try LayerBench(text).run(x, x), [1, 2, 2], [14, 32, 32, 77]))
    let cos = text.replacing("\"Dot\"", with: "\"keraskit>MergeCos\"")
      .replacing("\"normalize\":false", with: "\"extra_axis\":true")
    // Keras 1 divides elementwise: only the diagonal is a cosine.
    #expect(agree(try LayerBench(cos).run(x, x), [1, 1, 2, 2], [1, 1, 1, 1]))
  }
}
