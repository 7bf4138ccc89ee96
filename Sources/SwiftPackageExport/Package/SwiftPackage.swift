import Foundation
import KerasCore
import KerasExport
import KerasModel

/// The files of a generated package.
struct SwiftPackage {
  let emission: GraphEmission
  /// `Digits`; its type is `DigitsModel`.
  let module: String
  let modelName: String
  /// Where the model comes from, in words.
  let origin: String
  let record: JSON?

  init(_ emission: GraphEmission, module: String, model: LoadedModel, record: JSON?) {
    (self.emission, self.module, self.record) = (emission, module, record)
    modelName = model.network.name
    let file = model.source.file
    let release = model.source.versionStamp.map { ", saved by Keras \($0)" } ?? ""
    origin = SwiftNames.comment("\(file.split(separator: "/").last.map { String($0) } ?? file)\(release)")
  }

  var typeName: String { module.hasSuffix("Model") ? "\(module)Network" : "\(module)Model" }
  var commandName: String { "Predict\(module)" }
  var isEmbedded: Bool { emission.weights.bytes.count < SwiftPackageExporter.embeddedLimit }
  /// Without a stored case there is nothing to test.
  var hasTests: Bool { record?["verification"]?["inputs"] != nil }

  struct File {
    var name: String
    var bytes: [UInt8]
  }

  var files: [File] {
    var files: [File] = []
    func add(_ name: String, _ text: String) { files.append(File(name: name, bytes: Array(text.utf8))) }
    let sources = "Sources/\(module)"
    add("Package.swift", manifest)
    add("README.md", readme)
    add("\(sources)/\(typeName).swift", modelCode)
    for (name, bytes) in Self.runtime { files.append(File(name: "\(sources)/Runtime/\(name)", bytes: bytes)) }
    if isEmbedded {
      add("\(sources)/\(typeName)+Weights.swift", embeddedWeights)
    } else {
      files.append(File(name: "\(sources)/\(module).weights", bytes: emission.weights.bytes))
    }
    add("Sources/\(commandName)/\(commandName).swift", commandCode)
    files.append(
      File(name: "Sources/\(commandName)/NumpyFolder.swift", bytes: PackageResources.NumpyFolder_swift))
    if hasTests {
      add("Tests/\(module)Tests/\(module)Tests.swift", testCode)
      files.append(
        File(name: "Tests/\(module)Tests/RecordedCase.swift", bytes: PackageResources.RecordedCase_swift))
    }
    if let record { add("keraskit.json", record.text(indent: 2) + "\n") }
    return files
  }

  /// The code that all packages have, compiled and tested as a module of its own too.
  private static let runtime: [(name: String, bytes: [UInt8])] = [
    ("Tensor.swift", PackageResources.Tensor_swift),
    ("PredictionError.swift", PackageResources.PredictionError_swift),
    ("Traversal.swift", PackageResources.Traversal_swift),
    ("Tensor+Functions.swift", PackageResources.Tensor_Functions_swift),
    ("Tensor+Arithmetic.swift", PackageResources.Tensor_Arithmetic_swift),
    ("Tensor+Layout.swift", PackageResources.Tensor_Layout_swift),
    ("Tensor+Reductions.swift", PackageResources.Tensor_Reductions_swift),
    ("MatrixProduct.swift", PackageResources.MatrixProduct_swift),
    ("Windows.swift", PackageResources.Windows_swift),
    ("Recurrence.swift", PackageResources.Recurrence_swift),
    ("WeightFile.swift", PackageResources.WeightFile_swift),
  ]

  private var manifest: String {
    let resources = isEmbedded ? "" : ", resources: [.copy(\"\(module).weights\")]"
    let tests = hasTests ? "\n    .testTarget(name: \"\(module)Tests\", dependencies: [\"\(module)\"])," : ""
    return """
      // swift-tools-version: 6.0
      import PackageDescription

      let package = Package(
        name: "\(module)",
        platforms: [.macOS(.v13), .iOS(.v16)],
        products: [
          .library(name: "\(module)", targets: ["\(module)"]),
          .executable(name: "\(commandName)", targets: ["\(commandName)"]),
        ],
        targets: [
          .target(name: "\(module)"\(resources)),
          .executableTarget(name: "\(commandName)", dependencies: ["\(module)"]),\(tests)
        ],
        swiftLanguageModes: [.v6]
      )

      """
  }

  /// The weights in lines of 76 bytes of text each.
  private var embeddedWeights: String {
    let text = Data(emission.weights.bytes).base64EncodedString(options: [
      .lineLength76Characters, .endLineWithLineFeed,
    ])
    return """
      extension \(typeName) {
        /// The weights in Base64.
        static let embeddedWeights = \"\"\"
          \(text.replacing("\n", with: "\n    "))
          \"\"\"
      }

      """
  }
}
