import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// The samples' results by Keras 3.15.1, those of removed layers by their formulas in numpy.
@Suite struct AttentionValueTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let className: String
    var causal = false
    var masked = false
    /// The first elements of the result, Σ y and Σ i · yᵢ over all of it.
    let first: [Double]
    let sum: Double
    let moment: Double

    init(
      _ className: String, causal: Bool = false, masked: Bool = false, first: [Double], sum: Double, moment: Double
    ) {
      self.className = className
      self.causal = causal
      self.masked = masked
      self.first = first
      self.sum = sum
      self.moment = moment
    }

    var testDescription: String { className + (causal ? ", causal" : "") + (masked ? ", masked" : "") }
  }

  private static let cases = [
    Case(
      "AdditiveAttention", first: [0.304449, 0.314416, 0.214299, 0.31472, 0.300718], sum: 6.02711, moment: 66.69275),
    Case("AdaptiveAveragePooling1D", first: [0.4, -0.225, 0.275, 0.525, 0.233333], sum: 2.83333, moment: 25),
    Case("AdaptiveMaxPooling1D", first: [0.9, 0.15, 0.65, 0.9, 0.65], sum: 11.75, moment: 111.75),
    Case("AdaptiveAveragePooling2D", first: [0.15, -0.0375, 0.108333, 0.0666666, 0.15], sum: 7.2, moment: 184.9847),
    Case("AdaptiveMaxPooling2D", first: [0.9, 0.65, 0.9, 0.9, 0.9], sum: 40.95, moment: 966.45),
    Case("AdaptiveAveragePooling3D", first: [0.05625, 0.0875, 0.15, 0.18125, 0.18125], sum: 6.97083, moment: 168.95),
    Case("AdaptiveMaxPooling3D", first: [0.9, 0.9, 0.9, 0.9, 0.9], sum: 43.2, moment: 1015.2),
    Case("Attention", first: [0.302192, 0.207435, 0.104785, 0.302279, 0.207381], sum: 3.96145, moment: 39.65874),
    Case("Discretization", first: [1, 2, 2, 3, 3], sum: 11, moment: 27),
    Case("EinsumDense", first: [0.02, 0.255, 0.2975, 0.755, 0.7975], sum: 20.06, moment: 332.255),
    Case(
      "GroupNormalization", first: [0.540563, 0.811374, 1.07614, -0.256202, 0.0150834], sum: 45.5899, moment: 2193.593),
    Case("GroupQueryAttention", first: [2.48364, 2.48858, 2.35681, 2.7052, 2.49494], sum: 132.047, moment: 3040.923),
    Case("MultiHeadAttention", first: [1.28401, 1.46843, 1.34451, 1.52893, 1.3023], sum: 81.5158, moment: 2287.322),
    Case(
      "Normalization", first: [0.92967, -1.58114, -1.19257, -0.760639, -0.395285], sum: -10.6849, moment: -115.4375),
    Case(
      "RMSNormalization", first: [0.552015, -0.420583, -0.276008, -0.0876215, -0.0892605], sum: 1.58238,
      moment: 9.973419),
    Case("SpectralNormalization", first: [0.7725, 0.8775, 0.9825, 0.685, 0.765], sum: 4.9275, moment: 12.1825),
    Case(
      "UnitNormalization", first: [0.788594, -0.52573, -0.306676, -0.0876216, -0.127515], sum: 1.67323, moment: 6.759316
    ),
    Case(
      "AdditiveAttention", causal: true, first: [0.9, -0.6, -0.35, 0.335333, -0.1765], sum: 3.33465, moment: 52.54508),
    Case(
      "AdditiveAttention", masked: true, first: [0.101851, -0.139781, 0.110219, 0.125816, -0.153112], sum: 2.23722,
      moment: 40.14198),
    Case(
      "AdditiveAttention", causal: true, masked: true, first: [0.9, -0.6, -0.35, 0.335333, -0.1765], sum: 3.05742,
      moment: 51.64665),
    Case("Attention", causal: true, first: [0.9, -0.6, -0.35, 0.397192, -0.222894], sum: 2.1434, moment: 30.77065),
    Case(
      "Attention", masked: true, first: [0.14984, -0.182156, 0.0678437, 0.149984, -0.182235], sum: 1.23444,
      moment: 22.06983),
    Case(
      "Attention", causal: true, masked: true, first: [0.9, -0.6, -0.35, 0.397192, -0.222894], sum: 1.92351,
      moment: 30.40363),
    Case(
      "GroupQueryAttention", causal: true, first: [2.08081, 2.09176, 2.0281, 2.31909, 2.1434], sum: 131.98,
      moment: 3107.774),
    Case(
      "GroupQueryAttention", masked: true, first: [2.48364, 2.48858, 2.35681, 2.7052, 2.49494], sum: 128.363,
      moment: 2938.721),
    Case(
      "GroupQueryAttention", causal: true, masked: true, first: [2.08081, 2.09176, 2.0281, 2.31909, 2.1434],
      sum: 125.06, moment: 2928.898),
    Case(
      "MultiHeadAttention", causal: true, first: [0.955625, 1.097, 1.09812, 1.2395, 0.965625], sum: 71.397,
      moment: 2045.036),
    Case(
      "MultiHeadAttention", masked: true, first: [1.1163, 1.28057, 1.24322, 1.40749, 1.16102], sum: 62.8587,
      moment: 1826.767),
    Case(
      "MultiHeadAttention", causal: true, masked: true, first: [0.955625, 1.097, 1.09812, 1.2395, 0.965625],
      sum: 61.2772, moment: 1776.713),
    Case("Highway", first: [0.484191, 0.621086, 0.735602, 0.810342, 0.817044], sum: 5.51749, moment: 20.994),
    Case("MaxoutDense", first: [1.0175, 1.2225, 1.3175, 0.9175, 0.6175], sum: 7.1975, moment: 21.6625),
    Case(
      "ParametricSoftplus", first: [0.23653, 0.289439, 0.354236, 0.434396, 0.284673], sum: 2.51497, moment: 8.882988),
    Case("SReLU", first: [0.6, 0.03, 0.105, 0.2, 0.1625], sum: 7.1275, moment: 79.765),
    Case("ThresholdedLinear", first: [0, 0, 0, 0.65, 0.65], sum: 1.6, moment: 5.45),
  ]

  private static let queryMask = Tensor([2, 4], [1, 1, 1, 0, 0, 1, 1, 1])
  private static let valueMask = Tensor([2, 5], [1, 1, 0, 1, 0, 1, 1, 1, 1, 1])

  @Test(arguments: cases) func resultsAreThoseOfKeras(_ sample: Case) throws {
    let y = try Self.run(sample)
    #expect(y.values.count >= sample.first.count)
    for (ours, keras) in zip(y.values, sample.first) { #expect(abs(ours - keras) < 1e-5, "\(ours) for \(keras)") }
    let sum = y.values.reduce(0, +)
    let moment = y.values.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
    #expect(abs(sum - sample.sum) < 1e-5 * max(1, abs(sample.sum)), "\(sum) for \(sample.sum)")
    #expect(abs(moment - sample.moment) < 1e-5 * max(1, abs(sample.moment)), "\(moment) for \(sample.moment)")
  }

  @Test func causalAttentionOfOldFilesIsACausalCall() throws {
    let fields: JSON = ["use_scale": false, "keraskit>causal": true]
    let (layer, _, _) = try LayerRegistry.layer(["class_name": "Attention", "config": fields])
    #expect(layer.config["keraskit>causal"] == true)
    let y = try Self.run(layer, inputs: [Shape([nil, 2, 1]), Shape([nil, 2, 1])], causal: false, masked: false)
    // The first query sees the first value only.
    #expect(abs(y.values[0] - Self.element([0, 0, 0])) < 1e-6)
  }

  /// A mask in a list stands for the input at its place.
  @Test(arguments: [("[null, M]", [3.0, 3]), ("[M, null]", [2.995_054_75, 0])])
  func masksInAListGoToTheirInputs(_ masks: String, _ expected: [Double]) throws {
    let tensor = #"{"class_name": "__keras_tensor__", "config": {"keras_history": ["NAME", 0, 0]}}"#
    let x = tensor.replacing("NAME", with: "x")
    let mask = masks.replacing("M", with: tensor.replacing("NAME", with: "m"))
    let bench = try LayerBench(
      """
      {"class_name": "Functional", "config": {"name": "f", "layers": [
      {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 2, 1]}, "inbound_nodes": []},
      {"class_name": "InputLayer", "config": {"name": "m", "batch_shape": [null, 2], "dtype": "bool"},
      "inbound_nodes": []},
      {"class_name": "Attention", "config": {"name": "a"}, "inbound_nodes": [
      {"args": [[\(x), \(x)]], "kwargs": {"mask": \(mask)}}]}],
      "input_layers": [["x", 0, 0], ["m", 0, 0]], "output_layers": [["a", 0, 0]]}}
      """)
    let y = try bench.run(Tensor([1, 2, 1], [3, 1]), Tensor([1, 2], [1, 0]))
    #expect(agree(y, [1, 2, 1], expected))
  }

  @Test func spectralNormalizationDoesNotTrain() throws {
    let sample = try #require(LayerSample.all.first { $0.className == "SpectralNormalization" })
    let layer = try sample.layer()
    var context = LoweringContext(isTraining: true)
    let x = LayerTensor(context.graph.addInput("x", TensorType(.float32, sample.inputs[0])))
    #expect(throws: ModelError.self) { _ = try layer.lower(LayerCall(inputs: [x]), &context) }
  }

  private static func run(_ sample: Case) throws -> Tensor {
    let given = try #require(LayerSample.all.first { $0.className == sample.className })
    return try run(given.layer(), inputs: given.inputs, causal: sample.causal, masked: sample.masked)
  }

  private static func run(_ layer: any Layer, inputs: [Shape], causal: Bool, masked: Bool) throws -> Tensor {
    var context = LoweringContext(isTraining: false)
    var call = LayerCall(inputs: [])
    var data: [String: Tensor] = [:]
    for (index, shape) in inputs.enumerated() {
      var tensor = LayerTensor(context.graph.addInput("x\(index)", TensorType(.float32, shape)))
      data["x\(index)"] = Tensor.generate(shape.dimensions.map { $0 ?? 2 }, element)
      if masked {
        tensor.mask = context.graph.addInput("mask\(index)", TensorType(.bool, Shape([nil, shape[1]])))
        data["mask\(index)"] = index == 0 ? queryMask : valueMask
      }
      call.inputs.append(tensor)
    }
    if causal { call.arguments["use_causal_mask"] = true }
    let specs = try layer.weights(inputs)
    let results = try context.inLayer(named: "layer", parameterPrefix: "layer/", specs: specs, trainable: true) {
      context throws(ModelError) in try context.apply(layer, call)
    }
    var parameters: [String: Tensor] = [:]
    for spec in specs {
      parameters["layer/" + spec.path] = Tensor.generate(spec.shape) {
        Double($0.reduce(1) { $0 * 5 + $1 } % 11) / 20 + 0.1
      }
    }
    context.graph.outputs = results.map(\.value)
    return try #require(try Interpreter.run(context.graph, inputs: data, parameters: parameters).first)
  }

  private static func element(_ index: [Int]) -> Double { Double(index.reduce(1) { $0 * 3 + $1 } % 7) / 4 - 0.6 }
}
