import KerasKit
import PackedFixtures

extension RuleCases {
  static let security: [RuleCase] = code + imports + programs + containers + texts

  private static func hostile(_ name: String) -> RuleCase.Origin { .file("hostile/\(name)") }

  private static let code: [RuleCase] = [
    .hit("sec-lambda", .config("lambda_python-keras-2.1.3"), at: "/config/1"),
    .clean("sec-lambda", .config("areg_layer-keras-2.1.3")),
    .clean("sec-lambda", .model("keras-1.2.2/merge_functional.h5")),
    .hit("sec-lambda", hostile("lambda_list.json"), at: "/config/0/config/layer/config/0"),
    .hit("sec-lambda", hostile("lambda_nested.keras"), at: "/config/layers/1/config/layer/config/layers/1"),
    .hit("sec-lambda", hostile("lambda_activation.keras"), at: "/config/layers/1/config/activation"),
    .hit("sec-lambda", hostile("lambda_in_string.json"), at: "/config/layers/0/config/inner"),
    .hit("sec-lambda", hostile("lambda.h5"), at: "/config/0"),
    .hit("sec-lambda", hostile("merge_mode.json"), at: "/config/0/config"),
    // The archive is refused as it is, and the second of its two configs found all the same.
    .hit("sec-lambda", hostile("zip_twice.keras")),
    .hit("sec-lambda", hostile("appended.keras")),
    .clean("sec-lambda", hostile("clean.keras")),
  ]

  private static let imports: [RuleCase] = [
    .hit("sec-custom-import", hostile("foreign_function.keras"), at: "/config/layers/1"),
    .hit("sec-custom-import", hostile("foreign_module.keras"), at: "/config/layers/1"),
    .hit("sec-custom-import", hostile("foreign_initializer.keras"), at: "/config/layers/1/config/kernel_initializer"),
    .hit("sec-custom-import", hostile("compile_foreign.keras"), at: "/compile_config/loss"),
    .hit("sec-custom-import", hostile("keras_get_file.keras"), at: "/config/layers/1"),
    .hit("sec-custom-import", hostile("keras_unsafe.keras"), at: "/config/layers/1/config/layers/1"),
    .hit("sec-custom-import", hostile("custom_registered.keras"), at: "/config/layers/1"),
    .clean("sec-custom-import", hostile("clean.keras")),
    .clean("sec-custom-import", .model("keras-3/nested_functional.keras")),
    .hit("sec-asset-path", hostile("vocabulary_path.keras"), at: "/config/layers/1/config"),
    .clean("sec-asset-path", hostile("clean.keras")),
    .hit("sec-shard-path", hostile("shards.weights.json")),
    .clean("sec-shard-path", .file("weight_containers/model.weights.json")),
  ]

  private static let programs: [RuleCase] = [
    .hit("sec-tfsmlayer", hostile("tfsm.keras"), at: "/config/layers/1"),
    .clean("sec-tfsmlayer", hostile("clean.keras")),
    .hit("sec-torch-module", hostile("torch_module.keras"), at: "/config/layers/1"),
    .clean("sec-torch-module", hostile("clean.keras")),
    .hit("sec-jax-layer", hostile("jax_layer.keras"), at: "/config/layers/1"),
    .clean("sec-jax-layer", hostile("clean.keras")),
    .hit(
      "sec-flax-layer",
      .written(RuleCase.one("FlaxLayer", ["module": ["class_name": "MyFlax"]], input: [nil, 3]), stamp: "3.5.0")),
    .clean("sec-flax-layer", hostile("clean.keras")),
    .hit("sec-tf-op", hostile("tf_op.json"), at: "/config/layers/1"),
    .hit("sec-tf-op", hostile("saved_model")),
    .clean("sec-tf-op", .file("saved_models/tf2.15_dense")),
  ]

  private static let containers: [RuleCase] = [
    .hit("sec-zip-slip", hostile("zip_parent.keras")), .hit("sec-zip-slip", hostile("zip_absolute.keras")),
    .hit("sec-zip-slip", hostile("zip_symlink.keras")), .clean("sec-zip-slip", hostile("clean.keras")),
    .hit("sec-zip-bomb", hostile("zip_bomb.keras")), .hit("sec-zip-bomb", hostile("zip_overlap.keras")),
    .clean("sec-zip-bomb", .file("weight_containers/deflated.keras")),
    .hit("sec-zip-ambiguous", hostile("zip_twice.keras")), .hit("sec-zip-ambiguous", hostile("zip_other_name.keras")),
    .hit("sec-zip-ambiguous", hostile("zip_encrypted.keras")), .hit("sec-zip-ambiguous", hostile("appended.keras")),
    .clean("sec-zip-ambiguous", hostile("clean.keras")),
    .hit("sec-h5-external", hostile("h5_external_storage.keras")),
    .hit("sec-h5-external", hostile("h5_external_storage.h5")),
    .hit("sec-h5-external", hostile("h5_external_link.keras")), .hit("sec-h5-external", hostile("h5_soft_link.keras")),
    .hit("sec-h5-external", hostile("h5_virtual.keras")), .clean("sec-h5-external", hostile("clean.h5")),
    .hit("sec-h5-shape-bomb", hostile("h5_shape_bomb.keras")), .clean("sec-h5-shape-bomb", hostile("clean.keras")),
    .hit("sec-h5-deep", hostile("h5_cycle.h5")), .hit("sec-h5-deep", hostile("h5_deep.h5")),
    .clean("sec-h5-deep", hostile("clean.h5")),
    .hit("sec-pickle", hostile("npz_pickle.keras")), .hit("sec-pickle", hostile("pickle.npz")),
    .hit("sec-pickle", hostile("bare0.pkl")), .hit("sec-pickle", hostile("bare2.pkl")),
    .hit("sec-pickle", hostile("bare4.pkl")), .clean("sec-pickle", .file("weight_containers/positional.npz")),
  ]

  private static let texts: [RuleCase] = [
    .hit("sec-yaml", hostile("object.yaml")), .clean("sec-yaml", hostile("clean.yaml")),
    .hit("sec-json-depth", hostile("deep.json")), .clean("sec-json-depth", hostile("wide.json")),
    .hit("sec-json-duplicate", hostile("twice.json")), .clean("sec-json-duplicate", hostile("wide.json")),
    .hit("sec-json-size", hostile("wide.json"), at: "/config/0/config"),
    .clean("sec-json-size", hostile("twice.json")),
  ]
}
