import DataFiles
import Foundation
import KerasCore
import KerasFile
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// The repository's folder of models by real Keras releases.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/models")

  static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

  /// All models as `release/case.h5` or `.keras`.
  static let models: [String] = {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let names = (files?.allObjects as? [URL] ?? []).filter { ["h5", "keras"].contains($0.pathExtension) }
    return names.map { "\($0.deletingLastPathComponent().lastPathComponent)/\($0.lastPathComponent)" }.sorted()
  }()
}

@Suite("Models by real Keras load and predict what Keras predicted")
struct LoadingTests {
  @Test func `There are models of every era`() {
    for release in ["keras-1.2.2", "keras-1.2.2-tf", "keras-2.1.3", "keras-2.3.1", "keras-2.15", "keras-3"] {
      #expect(Fixtures.models.contains { $0.hasPrefix(release + "/") })
    }
  }

  @Test(arguments: Fixtures.models) func `Every model predicts what its release predicted`(_ name: String) throws {
    let path = Fixtures.path(name)
    let model = try LoadedModel.load(path)
    let truth = try NumpyArchive(path: String(path.prefix(upTo: path.lastIndex(of: ".") ?? path.endIndex)) + ".npz")
    let lowered = try model.network.lowered()
    var inputs: [String: Tensor] = [:]
    for (index, input) in lowered.inputNames.enumerated() {
      inputs[input] = try Tensor(try #require(truth["x\(index)"]))
    }
    let outputs = try Interpreter.run(
      lowered.graph, inputs: inputs, parameters: try model.weights.mapValues { try Tensor($0) })
    for (index, output) in outputs.enumerated() {
      let expected = try #require(truth["y\(index)"])
      #expect(output.shape == expected.shape)
      let values = try expected.doubles()
      let scale = max(values.map(\.magnitude).max() ?? 0, 1e-6)
      let worst = zip(output.values, values).map { ($0 - $1).magnitude }.max() ?? 0
      #expect(worst / scale < 1e-5)
    }
    #expect(model.diagnostics.filter { $0.rule == "unknown-config-key" }.isEmpty)
    #expect(Set(model.assignment.rows.map(\.parameter)) == Set(model.weights.keys))
  }
}

@Suite("Files that cannot be loaded say what is wrong")
struct LoadingErrorTests {
  private let mlp = "keras-2.3.1/mlp_regularizers.h5"

  private func source(_ change: (inout [WeightGroup]) -> Void) throws -> ModelSource {
    var source = try ModelFile.open(Fixtures.path(mlp))
    guard case .groups(var groups) = source.weights else { return source }
    change(&groups)
    source.weights = .groups(groups)
    return source
  }

  private func error(_ source: ModelSource) throws -> ModelError {
    try #require(#expect(throws: ModelError.self) { try LoadedModel.load(source: source) })
  }

  @Test func `An absent file`() {
    let error = #expect(throws: ModelError.self) { try LoadedModel.load("/nowhere/model.h5") }
    #expect(error?.description == "/nowhere/model.h5: no such file")
  }

  @Test func `A layer with an array too few names file, layer and arrays`() throws {
    let error = try error(
      try source { groups in
        if let index = groups.firstIndex(where: { $0.arrays.count > 1 }) { groups[index].arrays.removeLast() }
      })
    guard case .weightCount = error.cause else {
      Issue.record("\(error)")
      return
    }
    #expect(error.file?.hasSuffix("mlp_regularizers.h5") == true)
    #expect(error.layer != nil)
  }

  @Test func `An array of the wrong shape names the weight and both shapes`() throws {
    let error = try error(
      try source { groups in
        guard let index = groups.firstIndex(where: { $0.arrays.count == 2 }) else { return }
        let wrong = groups[index].arrays[0]
        groups[index].arrays[0] = StoredArray(name: wrong.name, path: wrong.path, dtype: .float32, shape: [1]) {
          () throws(KerasFileError) in TensorData(0)
        }
      })
    guard case .weightShape("kernel", _, _) = error.cause else {
      Issue.record("\(error)")
      return
    }
    #expect(error.layer != nil)
  }

  @Test func `A file without weights is refused unless weights are not asked for`() throws {
    var source = try ModelFile.open(Fixtures.path(mlp))
    source.weights = .none
    #expect(try error(source).description.contains("weights"))
    var options = LoadOptions()
    options.requiresWeights = false
    #expect(try LoadedModel.load(source: source, options: options).weights.isEmpty)
  }

  @Test func `Unknown classes are all named at once`() throws {
    var source = try ModelFile.open(Fixtures.path(mlp))
    let text = try #require(source.config?.text()).replacing(
      #""class_name": "Dense""#, with: #""class_name": "MyDense""#)
    source.config = try JSON(parsing: text)
    let error = try error(source)
    guard case .unknownObjects(let objects) = error.cause else {
      Issue.record("\(error)")
      return
    }
    let object = try #require(objects.first)
    #expect(objects.count == 1)
    #expect(object.layers.count > 1)
    #expect(object.name == "MyDense")
    #expect(object.weights.count == 2)
    #expect(error.description.contains("--map 'MyDense=…'"))
  }

  @Test func `An input shape the file leaves out is taken from the first weights and said`() throws {
    var source = try ModelFile.open(Fixtures.path(mlp))
    let text = try #require(source.config?.text())
    source.config = try JSON(parsing: text.replacing(#""batch_input_shape": [null, 5], "#, with: ""))
    let model = try LoadedModel.load(source: source)
    let inputs = try model.network.inputs
    #expect(inputs.first?.type.shape == [nil, 5])
    #expect(model.diagnostics.contains { $0.rule == "input-shape-inferred" } || text.contains("InputLayer"))
  }
}
