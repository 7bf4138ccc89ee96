import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import PackedFixtures
import Testing

@testable import SwiftPackageExport

@Suite struct SwiftPackageExporterTests {
  /// A written package, which goes with the test.
  private final class Written {
    let path: String

    init(_ fixture: String, as name: String = "my-digits.swiftpackage", _ options: ExportOptions = ExportOptions())
      throws
    {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      path = "\(folder)/\(name)"
      let model = try LoadedModel.load(PackedFixtures.path(fixture))
      _ = try SwiftPackageExporter().export(model, to: path, options: options)
    }

    deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    var names: [String] { (FileManager.default.subpaths(atPath: path) ?? []).sorted() }
  }

  @Test func inputsAndOutputsAreTypedParametersAndFields() throws {
    let package = try Written("models/keras-2.1.3/embedding_lstm_mask.h5")
    let code = try package.text("Sources/MyDigits/MyDigitsModel.swift")
    #expect(code.contains("public func predict(embedding_1_input: Tensor<Int32>) throws(PredictionError) -> Outputs"))
    #expect(code.contains("- Parameter embedding_1_input: `(batch, 6)`, whole numbers such as token ids"))
    #expect(code.contains("/// `(batch, 2)`\n    public let dense_13: Tensor<Float>"))
    #expect(code.contains("try check(\"embedding_1_input\", embedding_1_input.shape, [nil, 6])"))
    // Without a stored case there is nothing to test.
    #expect(!package.names.contains { $0.hasPrefix("Tests") || $0 == "keraskit.json" })
    #expect(try !package.text("Package.swift").contains("testTarget"))
  }

  @Test func aStoredCaseBecomesATest() throws {
    let record: JSON = ["tool": "keraskit", "verification": ["inputs": [], "outputs": []]]
    let package = try Written("models/keras-2.1.3/mlp_adam.h5", ExportOptions(makeRecord: { _ in record }))
    #expect(try package.text("keraskit.json").contains("\"tool\": \"keraskit\""))
    #expect(package.names.contains("Tests/MyDigitsTests/RecordedCase.swift"))
    #expect(try package.text("Tests/MyDigitsTests/MyDigitsTests.swift").contains("<= tolerance"))
    // The routines are those that this repository compiles.
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/SwiftPackageExport/Runtime")
    let names = try FileManager.default.contentsOfDirectory(atPath: here.path)
    #expect(names.count > 10)
    for name in names {
      let own = try String(contentsOf: here.appendingPathComponent(name), encoding: .utf8)
      #expect(try package.text("Sources/MyDigits/Runtime/\(name)") == own, "\(name) travels with packages")
    }
  }

  @Test(arguments: [
    (ExportOptions.WeightFormat.float32, "floats", 4), (.float16, "float16s", 2), (.bfloat16, "bfloat16s", 2),
  ])
  func weightsAreStoredInTheFormatAskedFor(
    _ format: ExportOptions.WeightFormat, _ reader: String, _ size: Int
  ) throws {
    let path = PackedFixtures.path("models/keras-2.1.3/mlp_adam.h5")
    let model = try LoadedModel.load(path)
    let count = model.weights.values.reduce(0) { $0 + $1.elementCount }
    let package = try Written("models/keras-2.1.3/mlp_adam.h5", ExportOptions(weightFormat: format))
    let code = try package.text("Sources/MyDigits/MyDigitsModel.swift")
    #expect(code.contains("byteCount = \(count * size)\n"))
    #expect(code.contains(" = file.\(reader)(at: 0, "))
    let text = try package.text("Sources/MyDigits/MyDigitsModel+Weights.swift")
    let start = try #require(text.range(of: "\"\"\"")).upperBound
    let end = try #require(text.range(of: "\"\"\"", options: .backwards)).lowerBound
    let stored = try #require(Data(base64Encoded: String(text[start..<end]), options: .ignoreUnknownCharacters))
    #expect(stored.count == count * size)
  }

  @Test func namesAreSwiftIdentifiers() {
    var names = SwiftNames(reserved: ["weights"])
    #expect(names.unique("block/conv 1") == "block_conv_1")
    #expect(names.unique("block.conv:1") == "block_conv_1_2")
    #expect(names.unique("weights") == "weights_2")
    #expect(names.unique("in") == "in_")
    #expect(names.unique("3d") == "_3d")
    #expect(names.unique("π") == "value")
    #expect(SwiftNames.module("my-model.v2") == "MyModelV2")
    #expect(SwiftNames.module("digits.swiftpackage") == "Digits")
    #expect(SwiftNames.module("2017") == "Model2017")
    #expect(SwiftNames.module("foundation") == "FoundationPackage")
    #expect(SwiftNames.literal("a\"\\(b)\n") == #""a\"\\(b)\u{a}""#)
    #expect(SwiftNames.literal(-Float.infinity) == "-.infinity")
    #expect(SwiftNames.comment("a\nimport Evil") == "a import Evil")
  }

  @Test func whatHasNoRoutineIsRefusedByName() throws {
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "3.10.0", "backend": "tensorflow",
      "config": [
        "name": "m",
        "layers": [
          ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 1], "dtype": "string"]],
          ["class_name": "Hashing", "config": ["name": "bins", "num_bins": 7]],
        ],
      ],
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    let model = try LoadedModel.load(
      source: ModelSource(file: "m.json", format: .json, config: config), options: options)
    #expect {
      try SwiftPackageExporter().check(model, options: ExportOptions())
    } throws: { error in
      guard case .notExpressible(let what, let reason)? = (error as? ExportError)?.cause else { return false }
      return what == "the input 'x'" && reason.contains("no texts")
    }
  }
}
