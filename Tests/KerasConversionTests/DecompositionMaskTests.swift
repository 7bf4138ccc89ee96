import DataFiles
import Foundation
import KerasConversion
import KerasKit
import PackedFixtures
import Testing

/// What lies behind a layer that is said in operations: the masks it passes on, and its share of the loss.
@Suite struct DecompositionMaskTests {
  private func written(
    _ fixture: String, backend: String? = nil
  ) throws -> (Model, ConversionReport, truth: [String: TensorData]) {
    let folder = try ConversionFolder()
    let base = String(PackedFixtures.path(fixture + ".h5").dropLast(3))
    let path = "\(folder.path)/model.keras"
    let options = ConversionOptions(export: ExportOptions(batchSize: 4))
    let report = try Conversion(options).convert(
      Model.load(base + ".h5", options: LoadOptions(backend: backend)), to: path)
    return (try Model.load(path), report, try ArrayFile.read(base + ".npz"))
  }

  private func layers(_ model: Model) throws -> [JSON] {
    try #require(model.loaded.source.config?["config"]?["layers"]?.arrayValue)
  }

  private func classes(_ model: Model) throws -> [String] {
    try layers(model).compactMap { $0["class_name"]?.stringValue }
  }

  private func expect(_ model: Model, _ truth: [String: TensorData]) throws {
    let inputs = truth.filter { $0.key.hasPrefix("x") || $0.key.hasPrefix("input_") }
    for (index, output) in try model.predict(inputs).enumerated() {
      let recorded = try #require(truth["y\(index)"] ?? truth["y"]).doubles()
      let scale = max(recorded.map(abs).max() ?? 0, 1e-3)
      for (a, b) in zip(try output.doubles(), recorded) { #expect(abs(a - b) < 1e-5 * scale) }
    }
  }

  /// Recorded by the releases that ran them; real Keras on what is written: Tools/interop/decompositions.py.
  @Test(arguments: [
    "custom_classes/self_attention", "public_layers/bert", "public_layers/crf_marginal", "public_layers/translation",
  ])
  func masksAreCarriedOn(_ fixture: String) throws {
    let (model, report, truth) = try written(fixture)
    try expect(model, truth)
    #expect(!report.notes.contains { $0.message.contains("masked steps") }, "\(report.notes)")
  }

  @Test func aMaskThatIsReadIsGivenInACall() throws {
    let (model, report, _) = try written("custom_classes/self_attention")
    let carriers = try layers(model).filter { $0["class_name"] == "TimeDistributed" }
    let calls = carriers.flatMap { $0["inbound_nodes"]?.arrayValue ?? [] }
    #expect(!calls.isEmpty && calls.allSatisfy { $0["kwargs"]?["mask"]?.isNull == false })
    #expect(report.notes.contains { $0.message.contains("the mask that is read behind it") })
  }

  /// Operations that read the same mask are given it; nothing has to carry it.
  @Test func aMaskThatOnlyOperationsReadIsNotCarried() throws {
    let (model, _, _) = try written("custom_classes/pooling")
    #expect(try !classes(model).contains("TimeDistributed"))
  }

  /// Convolutions of each channel, of kernels that are rounded as they run.
  @Test func depthwiseConvolutions() throws {
    let (model, _, truth) = try written("custom_classes/qconv")
    #expect(try classes(model).contains("DepthwiseConv"))
    try expect(model, truth)
  }

  /// Open sizes that only the input tells: grids of anchors for images of any size.
  @Test func openSizes() throws {
    let (model, _, truth) = try written("public_layers/retinanet")
    try expect(model, truth)
  }

  /// Poolings and transposed convolutions whose padding no layer of Keras 3 has, as the old releases computed them.
  @Test(arguments: [
    "keras-0.2.0/images", "keras-1.2.2/average_3d_same", "keras-1.2.2/max_3d_same", "keras-1.2.2/deconvolution_same",
    "keras-1.2.2/deconvolution_smaller",
  ])
  func windowsOfOtherPadding(_ name: String) throws {
    let backend = name.hasSuffix("_3d_same") ? "theano" : nil
    let (model, _, truth) = try written("legacy_layers/\(name)", backend: backend)
    try expect(model, truth)
  }

  /// Two groups of two channels, each with two filters: 1 · 0 + 2 · 4, 1 · 1 + 2 · 5, 3 · 2 + 4 · 6, 3 · 3 + 4 · 7.
  @Test(arguments: [".keras", ".h5"])
  func groupsOfChannels(_ ending: String) throws {
    let json = """
      {"class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow", "config": {"name": "s", "layers": [
       {"class_name": "Lambda", "config": {"name": "grouped", "trainable": true, "batch_input_shape": [null, 1, 1, 4],
        "dtype": "float32", "function": ["", null, null], "function_type": "lambda", "output_shape": null,
        "output_shape_type": "raw", "arguments": {}}}]}}
      """
    let folder = try ConversionFolder()
    try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/m.json"))
    var options = LoadOptions()
    options.requiresWeights = false
    let kernel = "ops.reshape(ops.arange(0, 8, dtype='float32'), (1, 1, 2, 4))"
    options.mappings = [try ObjectMapping(name: "grouped", target: "ops.conv(x, \(kernel))")]
    let source = try Model.load("\(folder.path)/m.json", options: options)
    let path = "\(folder.path)/model\(ending)"
    _ = try Conversion(ConversionOptions()).convert(source, to: path)
    let model = try Model.load(path)
    #expect(try classes(model).filter { $0 == "Conv" }.count == 2)
    let x = try TensorData(shape: [1, 1, 1, 4], floats: [1, 2, 3, 4])
    #expect(try model.predict([x])[0].doubles() == [8, 11, 30, 37])
  }

  /// The loss of one batch as Keras 1.2.2 computed it, of the model that is written.
  @Test(arguments: ["highway_regularizers", "highway_masked"])
  func lossesStayTheSame(_ name: String) throws {
    let (model, report, truth) = try written("models/keras-1.2.2/\(name)")
    try expect(model, truth)
    let data = try DataSet(inputs: [try #require(truth["x0"])], targets: [try #require(truth["t0"])])
    let found = try model.evaluate(data, batchSize: 4).loss
    let expected = try #require(truth["loss_test"]).doubles()[0]
    #expect(abs(found - expected) < 1e-5 * abs(expected), "\(found) for \(expected)")
    #expect(!report.notes.contains { $0.kind == .lost }, "\(report.notes)")
  }
}
