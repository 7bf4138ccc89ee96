import KerasCore
import KerasFile
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// `--map`: custom classes, functions and Lambda layers bound to what is known.
@Suite struct ObjectMappingTests {
  private func source(_ layers: JSON) -> ModelSource {
    var source = ModelSource(file: "m.json", format: .json)
    source.config = ["class_name": "Sequential", "config": ["name": "s", "layers": layers]]
    source.version = KerasVersion(2, 2, 4)
    return source
  }

  private func layers(_ saved: JSON, _ mappings: String...) throws -> [JSON] {
    let model = try EraUpgrade.upgrade(
      source(saved), mappings: mappings.map { try ObjectMapping(parsing: $0) })
    return (model.config["config"]?["layers"]?.arrayValue ?? []).filter { $0["class_name"] != "InputLayer" }
  }

  private let custom: JSON = [
    [
      "class_name": "MyDense",
      "config": ["name": "d", "batch_input_shape": [nil, 4], "output_dim": 3, "secret": 1, "use_bias": false],
    ],
    ["class_name": "Lambda", "config": ["name": "l", "function": ["abc", nil, nil]]],
    ["class_name": "Dense", "config": ["name": "e", "units": 2, "activation": "my_act"]],
  ]

  @Test func classesLayersAndFunctions() throws {
    let result = try layers(custom, "MyDense=Dense(units=$output_dim)", "l=x * 2", "my_act=relu6")
    #expect(result.map { $0["class_name"] } == ["Dense", "keraskit>Expression", "Dense"])
    #expect(result[0]["config"]?["units"] == 3)
    #expect(result[0]["config"]?["use_bias"] == false)
    #expect(result[0]["config"]?["secret"] == nil)
    #expect(result[1]["config"]?["expression"] == "x * 2")
    #expect(result[2]["config"]?["activation"] == "relu6")
    #expect(throws: Never.self) { try Network(canonical: rebuilt(result)) }
  }

  private func rebuilt(_ layers: [JSON]) -> JSON {
    let fields: JSON = ["name": "i", "batch_shape": [nil, 4], "dtype": "float32"]
    let input: JSON = ["class_name": "InputLayer", "config": fields]
    return ["class_name": "Sequential", "config": ["name": "s", "layers": .array([input] + layers)]]
  }

  @Test func aFunctionMayBeAnExpressionOrALayer() throws {
    for target in ["x / (1 + K.abs(x))", "LeakyReLU(negative_slope=0.1)"] {
      let result = try layers(custom, "MyDense=Dense(units=1)", "l=x", "my_act=\(target)")
      #expect(result[2]["config"]?["activation"]?["class_name"] != nil)
      #expect(throws: Never.self) { try Network(canonical: rebuilt(result)) }
    }
  }

  @Test func theLayersNameWinsOverItsClassAndTheLastMappingOverTheFirst() throws {
    let result = try layers(
      custom, "d=Dense(units=9)", "MyDense=Dense(units=5)", "Lambda=x", "l=x + 1", "l=x + 2", "my_act=relu")
    #expect(result[0]["config"]?["units"] == 9)
    #expect(result[1]["config"]?["expression"] == "x + 2")
  }

  @Test func aMissingPlaceholderIsNamed() throws {
    let error = #expect(throws: ModelError.self) { try layers(custom, "MyDense=Dense(units=$width)") }
    #expect(error?.description.contains("width") == true)
    #expect(error?.layer == "d")
  }

  @Test(arguments: ["=x", "a", "f=no_such_thing", "D=Dense(3)", "D=Dense(units=x + 1)"])
  func malformedMappingsAreRefused(_ text: String) {
    #expect(throws: ExpressionError.self) { try ObjectMapping(parsing: text) }
  }

  @Test func everythingUnknownIsSaidAtOnce() throws {
    let source = source(custom)
    let found = UnknownObjects.all(in: try EraUpgrade.upgrade(source).config, source)
    #expect(found.map(\.name) == ["MyDense", "l", "my_act"])
    #expect(found.map(\.kind) == [.layer, .lambda, .activation])
    #expect(found[0].fields["output_dim"] == 3)
  }

  @Test func knownCustomClassesAreTakenAndSaid() throws {
    let saved: JSON = [
      ["class_name": "FixedDropout", "config": ["name": "f", "rate": 0.2, "noise_shape": [nil, 1, 1, nil]]],
      ["class_name": "Addons>InstanceNormalization", "config": ["name": "n", "groups": -1, "axis": -1]],
    ]
    let model = try EraUpgrade.upgrade(source(saved))
    let classes = model.config["config"]?["layers"]?.arrayValue?.map { $0["class_name"] }
    #expect(classes == ["Dropout", "GroupNormalization"])
    #expect(model.diagnostics.count { $0.rule == "custom-class" } == 2)
  }

  @Test func everyRowOfTheTableReads() throws {
    for row in KnownCustomClasses.rows {
      #expect(throws: Never.self) { try row.mapping }
    }
  }

  /// Values by the formulas of the authors' sources, worked out by hand.
  @Test func ownLayersOfCustomClasses() throws {
    func run(_ className: String, _ config: JSON, _ x: Tensor, _ weights: [String: Tensor]) throws -> [Double] {
      let (layer, _, _) = try LayerRegistry.layer(["class_name": .string(className), "config": config])
      var context = LoweringContext(isTraining: false)
      let input = context.graph.addInput("x", TensorType(.float32, Shape([nil] + x.shape.dropFirst().map { $0 })))
      let specs = try layer.weights([context.shape(input)])
      let result = try context.inLayer(named: nil, parameterPrefix: "", specs: specs, trainable: true) {
        context throws(ModelError) in try layer.lower(LayerCall(inputs: [LayerTensor(input)]), &context)
      }
      context.graph.outputs = result.map(\.value)
      return try Interpreter.run(context.graph, inputs: ["x": x], parameters: weights)[0].values
    }
    func expect(_ found: [Double], _ wanted: [Double]) {
      #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)")
    }
    let x = Tensor([1, 1, 2, 2], [3, 4, 6, 8])
    let (two, half) = (Tensor([2], [2, 3]), Tensor([2], [0.5, -0.5]))
    expect(
      try run("keraskit>Scale", ["name": "s", "axis": -1], x, ["gamma": two, "beta": half]), [6.5, 11.5, 12.5, 23.5])
    expect(try run("keraskit>L2Normalization", ["name": "s"], x, ["gamma": two]), [1.2, 2.4, 1.2, 2.4])
    // Per channel: deviations 1.5 and 2, plus ε = 0.5.
    expect(
      try run(
        "keraskit>InstanceNormalization", ["name": "s", "axis": -1, "epsilon": 0.5], x, ["gamma": two, "beta": half]),
      [-1, -2.9, 2, 1.9])
    // Over everything: mean 5.25, deviation √(59/16), ε = 0.
    let deviation = (59.0 / 16).squareRoot()
    expect(
      try run(
        "keraskit>InstanceNormalization", ["name": "s", "axis": nil, "epsilon": 0, "center": false, "scale": false], x,
        [:]), [-2.25, -1.25, 0.75, 2.75].map { $0 / deviation })
  }

  @Test func customPenaltiesDoNotPreventLoading() throws {
    let saved: JSON = [
      [
        "class_name": "Dense",
        "config": [
          "name": "d", "units": 2, "kernel_regularizer": ["class_name": "MyPenalty", "config": ["rate": 1]],
          "kernel_constraint": ["class_name": "Clip", "config": ["min_value": -1]],
        ],
      ]
    ]
    let model = try EraUpgrade.upgrade(source(saved))
    #expect(model.diagnostics.filter { $0.rule == "custom-penalty" }.count == 2)
    let layers = model.config["config"]?["layers"]?.arrayValue ?? []
    #expect(throws: Never.self) { try Network(canonical: rebuilt(layers)) }
  }
}
