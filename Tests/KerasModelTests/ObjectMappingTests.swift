import KerasCore
import KerasFile
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
      #expect(throws: Never.self) { try ObjectMapping(name: row.name, target: row.target) }
    }
  }

  @Test func byteCodeTellsItsPython() {
    let raw = "c\u{1}\u{0}\u{0}\u{0}\u{1}\u{0}\u{0}\u{0}\u{2}\u{0}\u{0}\u{0}C\u{0}\u{0}\u{0}s\u{8}\u{0}\u{0}\u{0}"
    #expect(LambdaDescription.pythonVersion(of: LambdaDescription.bytes(of: raw)) == "Python 2")
  }
}
