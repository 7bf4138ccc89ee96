import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import PackedFixtures
import TensorBundle
import Testing

@testable import SavedModelExport

/// The structure of written models; that TensorFlow computes the same is tested by `Tools/interop/saved_model.py`.
@Suite struct SavedModelExportTests {
  @Test func everyReferenceLeadsSomewhere() throws {
    let root = "\(PackedFixtures.root)/models"
    let files = try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter {
      $0.hasSuffix(".h5") || $0.hasSuffix(".keras")
    }
    #expect(files.count >= 60)
    for file in files {
      let written = try WrittenSavedModel(recorded: file)
      #expect(written.looseEnds.isEmpty, "\(file): \(written.looseEnds)")
    }
  }

  @Test func theFolderIsASavedModels() throws {
    let record: JSON = ["tool": "keraskit", "n": 3]
    let written = try WrittenSavedModel(recorded: "keras-2.1.3/conv1d.h5", ExportOptions(makeRecord: { _ in record }))
    #expect(
      written.files == [
        "assets", "assets.extra", "assets.extra/keraskit.json", "saved_model.pb", "variables",
        "variables/variables.data-00000-of-00001", "variables/variables.index",
      ])
    #expect(written.record == record)
    #expect(written.proto.savedModelSchemaVersion == 1)
    #expect(written.meta.metaInfoDef.tags == ["serve"])
    #expect(written.notes.contains { $0.kind == .lost && $0.message.contains("training config") })
  }

  @Test func signaturesHaveTheNamesOfKerasExportAndAnOpenBatch() throws {
    let written = try WrittenSavedModel(recorded: "keras-2.1.3/conv1d.h5")
    let signature = try #require(written.meta.signatureDef["serving_default"])
    #expect(signature.methodName == "tensorflow/serving/predict")
    #expect(signature.inputs.keys.sorted() == ["conv1d_1_input"])
    #expect(signature.inputs["conv1d_1_input"]?.tensorShape.dim.map(\.size) == [-1, 8, 3])
    #expect(signature.outputs.keys.sorted() == ["output_0"])
    #expect(signature.outputs["output_0"]?.tensorShape.dim.map(\.size) == [-1, 2])
    let objects = written.meta.objectGraphDef
    #expect(objects.nodes[0].children.map(\.localName) == ["variables", "serve", "signatures"])
    #expect(objects.concreteFunctions.count == 2)
  }

  @Test func whatHasNamesIsInTheirOrder() throws {
    // TensorFlow sorts the names of a dictionary: output_10 comes before output_2.
    let model = try Self.model(
      (0..<11).map { ["class_name": "Activation", "config": ["name": .string("a\($0)"), "activation": "relu"]] },
      outputs: (0..<11).map { "a\($0)" })
    let written = try WrittenSavedModel(model)
    let call = try #require(written.functions.first { $0.signature.name.contains("signature_wrapper") })
    #expect(call.signature.outputArg.map(\.name).prefix(4) == ["output_0", "output_1", "output_10", "output_2"])
    let third = try #require(call.ret["output_10"]?.split(separator: ":").first)
    #expect(call.nodeDef.first { $0.name == third }?.input == ["StatefulPartitionedCall:output:10"])
    #expect(written.notes.contains { $0.message.contains("output_10 ('a10')") })
  }

  @Test func weightsAreVariablesOfTheCheckpoint() throws {
    let model = try LoadedModel.load(PackedFixtures.path("models/keras-2.1.3/shared_layer.h5"))
    let written = try WrittenSavedModel(model)
    let stored = try written.weights.entries.keys.map { try written.weights.read($0) }
    for (name, array) in model.weights {
      #expect(stored.count { $0 == array } >= 1, "\(name)")
    }
    // A layer that is called twice has its weights once.
    #expect(stored.count == model.weights.count)
    let graph = try #require(try written.weights.objectGraph())
    let list = try #require(graph.nodes[0]["variables"])
    #expect(
      graph.elements(of: list).compactMap { graph.nodes[$0].key }.sorted() == written.weights.entries.keys.sorted())
    let handles = written.meta.graphDef.node.filter { $0.op == "VarHandleOp" }
    #expect(handles.count == stored.count)
  }

  @Test(arguments: [ExportOptions.WeightFormat.float16, .bfloat16, .int8])
  func weightsAreStoredAsAsked(_ format: ExportOptions.WeightFormat) throws {
    let model = try LoadedModel.load(PackedFixtures.path("models/keras-2.1.3/mlp_adam.h5"))
    let written = try WrittenSavedModel(model, ExportOptions(weightFormat: format))
    let graph = try #require(try written.weights.objectGraph())
    func stored(_ name: String) throws -> TensorData? {
      try graph.nodes.first { $0.fullName == name }?.key.map { try written.weights.read($0) }
    }
    let kernels = model.weights.filter { $0.value.shape.count == 2 }
    #expect(kernels.count >= 2)
    for (name, array) in kernels {
      var found = try #require(try stored(name))
      #expect(found.dtype == (format == .float16 ? .float16 : format == .bfloat16 ? .bfloat16 : .int8))
      if format == .int8 {
        let scales = try #require(try stored("\(name)/scales")).floats()
        let numbers = try found.floats().enumerated().map { $1 * scales[$0 % scales.count] }
        found = try TensorData(shape: found.shape, floats: numbers)
      }
      #expect(try found.converted(to: .float32) == format.rounded(array))
    }
    #expect(written.nodes("Cast").count >= kernels.count)
  }

  @Test func aRecurrenceIsALoopOfTwoFunctions() throws {
    let written = try WrittenSavedModel(recorded: "keras-2.1.3/gru_bidirectional.h5")
    let loop = try #require(written.nodes("StatelessWhile").first)
    let body = try #require(written.functions.first { $0.signature.name == loop.attr["body"]?.func.name })
    let condition = try #require(written.functions.first { $0.signature.name == loop.attr["cond"]?.func.name })
    #expect(body.signature.inputArg.map(\.type) == body.signature.outputArg.map(\.type))
    #expect(condition.signature.outputArg.map(\.type) == [ElementType.bool.rawValue])
    #expect(loop.input.count == body.signature.inputArg.count)
    #expect(body.nodeDef.contains { $0.op == "TensorListSetItem" })
    #expect(body.signature.inputArg.contains { $0.name == "mask" })
  }

  /// LiteRT's converter takes no lists of steps whose batch is open.
  @Test func stepsThatNobodyReadsAreNotKept() throws {
    let written = try WrittenSavedModel(recorded: "keras-2.1.3/embedding_lstm_mask.h5")
    #expect(written.nodes("StatelessWhile").count == 1)
    let nodes = written.functions.flatMap(\.nodeDef)
    #expect(!nodes.isEmpty && !nodes.contains { $0.op.hasPrefix("TensorList") })
  }

  @Test func anExistingFolderIsReplacedOnlyByAWholeOne() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: "\(folder)/m", withIntermediateDirectories: true)
    try Data("old".utf8).write(to: URL(fileURLWithPath: "\(folder)/m/saved_model.pb"))
    var model = try LoadedModel.load(PackedFixtures.path("models/keras-2.1.3/mlp_adam.h5"))
    let whole = model
    model.weights = [:]
    #expect(throws: ExportError.self) {
      try SavedModelExporter().export(model, to: "\(folder)/m", options: ExportOptions())
    }
    #expect(try String(contentsOfFile: "\(folder)/m/saved_model.pb", encoding: .utf8) == "old")
    _ = try SavedModelExporter().export(whole, to: "\(folder)/m", options: ExportOptions())
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/m/saved_model.pb")).count > 100)
  }

  @Test func namesAreTensorFlows() {
    #expect(NodeName.valid("Block 1/ä:0") == "Block_1/__0")
    #expect(NodeName.valid("/a") == "n/a")
    #expect(NodeName.keyword("input:1/x") == "input_1_x")
    #expect(NodeName.keyword("1st") == "arg_1st")
    var taken: Set<String> = []
    #expect(NodeName.unique("A", &taken) == "A")
    #expect(NodeName.unique("a", &taken) == "a_1")
  }

  /// A model of layers that all have the one input `x`.
  private static func model(_ layers: [JSON], outputs: [String]) throws -> LoadedModel {
    let input: JSON = [
      "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
      "config": ["name": "x", "batch_input_shape": [nil, 4], "dtype": "float32"],
    ]
    let called: [JSON] = layers.map { layer in
      var layer = layer
      layer["name"] = layer["config"]?["name"]
      layer["inbound_nodes"] = [[["x", 0, 0, [:]]]]
      return layer
    }
    let config: JSON = [
      "class_name": "Functional",
      "config": [
        "name": "m", "layers": .array([input] + called), "input_layers": [["x", 0, 0]],
        "output_layers": .array(outputs.map { [.string($0), 0, 0] }),
      ], "keras_version": "2.15.0", "backend": "tensorflow",
    ]
    return try LoadedModel.load(source: ModelSource(file: "m.json", format: .json, config: config))
  }
}
