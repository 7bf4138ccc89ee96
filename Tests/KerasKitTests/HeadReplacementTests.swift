import Foundation
import KerasKit
import KerasModel
import Testing

/// New classifiers on the features of trained models.
struct HeadReplacementTests {
  private func config(_ layers: [JSON], functional: Bool) -> JSON {
    var objects: [JSON] = []
    for (index, layer) in layers.enumerated() {
      var object = layer
      let name = layer["config"]?["name"] ?? .null
      object["name"] = name
      if functional, index > 0 {
        let source = layers[index - 1]["config"]?["name"] ?? .null
        let tensor: JSON = ["class_name": "__keras_tensor__", "config": ["keras_history": [source, 0, 0]]]
        object["inbound_nodes"] = [["args": [tensor], "kwargs": [:]]]
      }
      objects.append(object)
    }
    var inner: JSON = ["name": "model", "trainable": true, "layers": .array(objects)]
    if functional {
      inner["input_layers"] = [[layers[0]["config"]?["name"] ?? .null, 0, 0]]
      inner["output_layers"] = [[layers[layers.count - 1]["config"]?["name"] ?? .null, 0, 0]]
    }
    return ["class_name": functional ? "Functional" : "Sequential", "config": inner]
  }

  private func layer(_ className: String, _ name: String, _ fields: JSON = [:]) -> JSON {
    var fields = fields
    fields["name"] = .string(name)
    return ["module": "keras.layers", "class_name": .string(className), "config": fields, "registered_name": nil]
  }

  private func input(_ shape: JSON) -> JSON {
    layer("InputLayer", "input", ["batch_shape": shape, "dtype": "float32"])
  }

  private func loaded(_ json: JSON) throws -> LoadedModel {
    let folder = try ScratchFolder()
    let path = folder.path + "/model.json"
    var root = json
    root["module"] = "keras"
    root["registered_name"] = nil
    try root.text().write(toFile: path, atomically: true, encoding: .utf8)
    var options = LoadOptions()
    options.requiresWeights = true
    options.allowsPartialWeights = true
    return try LoadedModel.load(path, options: options)
  }

  private func conv(_ name: String, _ filters: Int, _ activation: String = "linear") -> JSON {
    layer(
      "Conv2D", name,
      ["filters": JSON(filters), "kernel_size": [1, 1], "activation": .string(activation), "padding": "same"])
  }

  @Test(arguments: [
    "keras-1.2.2/mlp_regularizers.h5", "keras-2.1.3/mlp_regularizers.h5", "keras-3/mlp_regularizers.h5",
  ])
  func aDenseHeadIsReplacedAndTheFeaturesStay(_ file: String) throws {
    let model = try Model.load(Fixture.model(file))
    let (edited, head) = try model.replacingHead(HeadReplacement(classes: 7, seed: 3))
    #expect(head.oldClasses == 3)
    #expect((head.activation, head.loss) == ("softmax", "categorical_crossentropy"))
    #expect(edited.outputs[0].shape == [nil, 7])
    let kernel = "\(head.layer)/kernel"
    for (name, weight) in edited.loaded.weights where !name.hasPrefix(head.layer + "/") {
      #expect(weight == model.loaded.weights[name])
    }
    // Glorot's limit, seeded.
    let values = try #require(edited.loaded.weights[kernel])
    let shape = values.shape
    let limit = (6 / Double(shape[0] + shape[1])).squareRoot()
    let largest = try values.doubles().map(\.magnitude).max() ?? 0
    #expect(largest <= limit && largest > limit / 2)
    #expect(try edited.loaded.weights["\(head.layer)/bias"]?.doubles() == [Double](repeating: 0, count: 7))
    let again = try model.replacingHead(HeadReplacement(classes: 7, seed: 3)).model
    let other = try model.replacingHead(HeadReplacement(classes: 7, seed: 4)).model
    #expect(again.loaded.weights[kernel] == values)
    #expect(other.loaded.weights[kernel] != values)
    #expect(!edited.canSaveAsSource)
    let sums = try edited.predict([Fixture.dataSet(file, model).inputs[0]])[0].doubles()
    #expect((sums.reduce(0, +) - 4).magnitude < 1e-5)
  }

  @Test func oneClassIsASigmoid() throws {
    let model = try Model.load(Fixture.model("keras-2.1.3/mlp_regularizers.h5"))
    let head = try model.replacingHead(HeadReplacement(classes: 1)).head
    #expect((head.activation, head.loss) == ("sigmoid", "binary_crossentropy"))
    let asked = try model.replacingHead(HeadReplacement(classes: 4, loss: "binary_crossentropy")).head
    #expect((asked.activation, asked.loss) == ("sigmoid", "binary_crossentropy"))
  }

  /// As MobileNet ends: a convolution on pooled features, reshaped, softmax in a layer of its own.
  @Test(arguments: [true, false]) func aConvolutionWithReshapeAndSoftmax(_ functional: Bool) throws {
    var model = try loaded(
      config(
        [
          input([nil, 4, 4, 3]), conv("features", 5, "relu"),
          layer("GlobalAveragePooling2D", "pool", ["keepdims": true]), layer("Dropout", "dropout", ["rate": 0.1]),
          conv("conv_preds", 10), layer("Reshape", "reshape", ["target_shape": [10]]),
          layer("Activation", "act", ["activation": "softmax"]),
        ], functional: functional))
    let before = model.weights["features/kernel"]
    let head = try model.replaceHead(HeadReplacement(classes: 3))
    #expect(head.layer == "conv_preds")
    #expect(head.choseOptimizer)
    #expect(model.weights["features/kernel"] == before)
    #expect(model.weights["conv_preds/kernel"]?.shape == [1, 1, 5, 3])
    #expect(try Model(model).outputs[0].shape == [nil, 3])
  }

  /// As SqueezeNet ends: convolution, relu, pooling, softmax.
  @Test func aConvolutionBeforeItsPooling() throws {
    var model = try loaded(
      config(
        [
          input([nil, 4, 4, 3]), conv("features", 5, "relu"), conv("conv10", 10),
          layer("Activation", "relu", ["activation": "relu"]), layer("GlobalAveragePooling2D", "pool"),
          layer("Softmax", "loss"),
        ], functional: true))
    let head = try model.replaceHead(HeadReplacement(classes: 1))
    #expect((head.layer, head.activation) == ("conv10", "sigmoid"))
    let classes = try Model(model).loaded.network.entries.map(\.className)
    #expect(classes.suffix(2) == ["GlobalAveragePooling2D", "Activation"])
  }

  @Test(arguments: [true, false]) func aModelWithoutTopIsGivenOne(_ functional: Bool) throws {
    var model = try loaded(
      config([input([nil, 4, 4, 3]), conv("features", 5, "relu")], functional: functional))
    let head = try model.replaceHead(HeadReplacement(classes: 6))
    #expect(head.oldClasses == nil)
    #expect(head.layer == "predictions")
    #expect(model.weights["predictions/kernel"]?.shape == [5, 6])
    #expect(try Model(model).outputs[0].shape == [nil, 6])
  }

  @Test func aNestedHeadIsFoundAndTheModelAroundItTrained() throws {
    let model = try Model.load(Fixture.model("keras-2.1.3/time_distributed.h5"))
    #expect(try model.replacingHead(HeadReplacement(classes: 9)).model.outputs[0].shape == [nil, 9])
    let top = config(
      [layer("Dense", "hidden", ["units": 4]), layer("Dense", "classes", ["units": 2, "activation": "softmax"])],
      functional: false)
    var nested = top
    nested["config"]?["name"] = "top"
    nested["config"]?["trainable"] = false
    var whole = try loaded(config([input([nil, 3]), nested], functional: false))
    let head = try whole.replaceHead(HeadReplacement(classes: 5))
    #expect(head.layer == "top/classes")
    #expect(try Model(whole).outputs[0].shape == [nil, 5])
    let trained = try whole.network.parameterSpecs().filter(\.trainable).map(\.name)
    #expect(trained.contains("top/classes/kernel"))
  }

  @Test func severalOutputsAndOtherReadersAreRefused() throws {
    let dense = layer("Dense", "classes", ["units": 2])
    var model = try loaded(config([input([nil, 3]), dense], functional: true))
    var json = model.canonical.config
    json["config"]?["output_layers"] = [["classes", 0, 0], ["input", 0, 0]]
    model.network = try Network(canonical: json)
    model.canonical.config = json
    #expect(throws: EditError.self) { try model.replaceHead(HeadReplacement(classes: 3)) }
  }
}
