import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import Testing

/// Random image layers as tf.keras and Keras 3 saved them, and what conversion makes of them.
@Suite struct AugmentationExportTests {
  private static let folder = ExportFixture.root + "/../legacy_layers/"

  private func fields(_ path: String, _ className: String) throws -> JSON {
    let model = try LoadedModel.load(Self.folder + path)
    let layers = model.canonical.config["config"]?["layers"]?.arrayValue ?? []
    return try #require(layers.first { $0["class_name"]?.stringValue == className }?["config"])
  }

  @Test(arguments: [
    ("tfkeras-2.5/image_augmentation.h5", true, true, true), ("keras-2.15/image_augmentation.keras", true, true, false),
    ("keras-3/image_augmentation.keras", false, false, false),
  ])
  func trainingIsThatOfTheRelease(_ path: String, _ separate: Bool, _ once: Bool, _ unclipped: Bool) throws {
    let flip = try fields(path, "RandomFlip")
    #expect((flip["keraskit>separate_axes"] == true) == separate)
    let contrast = try fields(path, "RandomContrast")
    #expect((contrast["keraskit>per_batch"] == true) == once)
    #expect((contrast["keraskit>unclipped"] == true) == unclipped)
  }

  private func model(_ layers: [JSON], release: String) throws -> LoadedModel {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 6, 5, 3]]]
    let config: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": .array([input] + layers)],
      "keras_version": .string(release), "backend": "tensorflow",
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    return try LoadedModel.load(
      source: ModelSource(file: "layers.json", format: .json, config: config), options: options)
  }

  /// Keras 3 gave back the images in prediction, though its layers were called with `training=True`; tf.keras 2.15 would
  /// augment them.
  @Test func trainingOfACallStaysInKeras3() throws {
    let source = try LoadedModel.load(Self.folder + "keras-3/image_augmentation.keras")
    #expect(source.canonical.config.text().contains("\"training\": true"))
    let folder = try ScratchFolder()
    let target = folder.path + "/a.h5"
    let notes = try Exporters.export(source, to: target, options: ExportOptions(release: KerasVersion(2, 15)))
    let written = try #require(try LoadedModel.load(target).source.config)
    #expect(!written.text().contains("\"training\""))
    #expect(notes.contains { $0.kind == .lost && $0.layer == "random_hue" })
  }

  /// Measured on Keras 3.5, 3.6 and 3.7; 3.15.1 gives back the images.
  @Test(arguments: [
    ("3.5.0", ["keraskit>resizes"]), ("3.6.0", ["keraskit>centres"]), ("3.7.0", ["keraskit>centres"]), ("3.8.0", []),
  ])
  func cropsOfKeras3DifferByRelease(_ release: String, _ flags: [String]) throws {
    let layer: JSON = ["class_name": "RandomCrop", "config": ["name": "crop", "height": 3, "width": 2]]
    let layers = try model([layer], release: release).canonical.config["config"]?["layers"]?.arrayValue
    let crop = try #require(layers?.last?["config"]?.objectValue)
    #expect(crop.keys.filter { $0.hasPrefix("keraskit>") } == flags)
  }

  @Test func whatTFKerasTrainedOtherwiseIsSaid() throws {
    let source = try model(
      [
        ["class_name": "RandomFlip", "config": ["name": "flip", "mode": "horizontal_and_vertical"]],
        ["class_name": "RandomContrast", "config": ["name": "contrast", "factor": 0.2]],
      ], release: "2.15.0")
    let target = try ScratchFolder()
    let path = target.path + "/model.keras"
    let notes = try Exporters.export(source, to: path, options: ExportOptions())
    #expect(notes.count { $0.kind == .lost && $0.message.hasPrefix("in training") } == 2)
    let written = try LoadedModel.load(path).canonical.config
    #expect(!written.text().contains("keraskit>"))
  }

  @Test(arguments: ["keras-2.15/image_resizing.keras", "keras-2.15/image_upsampling.keras"])
  func interpolationsThatKeras3LacksAreSaidInOperations(_ name: String) throws {
    let source = try LoadedModel.load(Self.folder + name)
    let target = try ScratchFolder()
    let path = target.path + "/model.keras"
    let notes = try Exporters.export(source, to: path, options: ExportOptions())
    #expect(
      notes.contains { $0.kind == .rewritten && $0.message.contains("gaussian") && $0.message.contains("Matmul") })
    #expect(!(try LoadedModel.load(path)).canonical.config.text().contains("gaussian"))
  }
}
