import KerasCore
import KerasExport
import KerasKit
import KerasModel
import PackedFixtures
import Testing

/// Loss objects of tf.keras in the training config of an exported model.
@Suite struct LossObjectTests {
  /// Loaded and evaluated in Keras 3.15.1, these give the losses that the saving releases recorded.
  @Test(arguments: [
    ("tfkeras-2.5/bce_logits", "BinaryCrossentropy", "sum_over_batch_size", "from_logits"),
    ("tfkeras-2.5/reduction_sum", "MeanSquaredError", "sum", "reduction"),
    ("keras-2.15/cce_logits", "CategoricalCrossentropy", "sum_over_batch_size", "from_logits"),
    ("keras-2.15/sce_ignore", "SparseCategoricalCrossentropy", "sum_over_batch_size", "ignore_class"),
    ("keras-2.15/huber_delta", "Huber", "sum_over_batch_size", "delta"),
    ("keras-2.15/focal_balanced", "BinaryFocalCrossentropy", "sum_over_batch_size", "apply_class_balancing"),
  ]) func aLossObjectIsWrittenInKeras3sWords(
    _ name: String, _ className: String, _ reduction: String, _ field: String
  ) throws {
    let parts = name.split(separator: "/").map(String.init)
    let path = PackedFixtures.folder("metrics/\(parts[0])") + "/\(parts[1]).h5"
    let folder = try ScratchFolder()
    let target = folder.path + "/model.keras"
    let notes = try Exporters.export(try LoadedModel.load(path), to: target, options: ExportOptions())
    #expect(!notes.contains { $0.message.contains("training config") })
    let compile = try #require(try LoadedModel.load(target).source.trainingConfig)
    let loss = try #require(compile["loss"])
    #expect(loss["module"] == "keras.losses")
    #expect(loss["class_name"]?.stringValue == className)
    #expect(loss["config"]?["reduction"]?.stringValue == reduction)
    #expect(loss["config"]?[field] != nil)
    #expect(loss["config"]?["fn"] == nil)
  }
}
