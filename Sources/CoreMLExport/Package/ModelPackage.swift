import Foundation
import KerasCore
import KerasExport
import KerasFile
import SwiftProtobuf

/// The folder that Xcode and Core ML take as one file: `Manifest.json` and the parts that it lists.
struct ModelPackage {
  var model: CoreMLModel
  var weights: WeightFile

  /// The model's file in the folder.
  static let specification = "Data/com.apple.CoreML/model.mlmodel"

  /// Writes the folder; it appears only when it is whole.
  ///
  /// Throws `ExportError` where the disk does not take it.
  func write(to path: String) throws(ExportError) {
    let bytes: [UInt8]
    do {
      var encoding = BinaryEncodingOptions()
      encoding.useDeterministicOrdering = true
      bytes = try model.serializedBytes(options: encoding)
    } catch {
      throw ExportError(.malformed("the Core ML model cannot be serialised: \(error)"))
    }
    do {
      let folder = try AtomicFolder(replacing: path)
      try folder.write(bytes, as: Self.specification)
      try folder.write(weights.bytes, as: "Data/com.apple.CoreML/weights/weight.bin")
      try folder.write(Array(Self.manifest.text().utf8), as: "Manifest.json")
      try folder.commit()
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable(error.description))))
    }
  }

  /// The identifiers only have to differ within a package; the same in all keep equal models equal files.
  private static let modelIdentifier = "4D4F4445-4C00-4000-8000-000000000001"
  private static let weightsIdentifier = "4D4F4445-4C00-4000-8000-000000000002"

  private static var manifest: JSON {
    func item(_ name: String, _ description: String) -> JSON {
      [
        "author": "com.apple.CoreML", "description": .string(description), "name": .string(name),
        "path": .string("com.apple.CoreML/\(name)"),
      ]
    }
    return [
      "fileFormatVersion": "1.0.0",
      "itemInfoEntries": .object([
        modelIdentifier: item("model.mlmodel", "CoreML Model Specification"),
        weightsIdentifier: item("weights", "CoreML Model Weights"),
      ]),
      "rootModelIdentifier": .string(modelIdentifier),
    ]
  }
}
