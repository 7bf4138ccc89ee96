import Foundation
import KerasKit
import PackedFixtures

extension RuleCases {
  static let files: [RuleCase] = readers + words + loading + found

  /// What an audit of folders and archives says of them.
  private static let found: [RuleCase] = [
    .hit("archive-limit", bytes("containers/unsafe_traversal.zip", as: "a.zip")),
    .hit("archive-limit", bytes("containers/bomb.zip", as: "a.zip")),
    .clean("archive-limit", bytes("hostile.zip", as: "a.zip")),
    .hit("archive-unread", .found("a.7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4])),
    .clean("archive-unread", .found("a.txt", Array("7z".utf8))),
    .hit("misnamed-file", bytes("hostile/clean.keras", as: "a.h5")),
    .hit("misnamed-file", bytes("hostile/clean.h5", as: "a.keras")),
    .clean("misnamed-file", bytes("hostile/clean.h5", as: "a.hdf5")),
    .clean("misnamed-file", bytes("hostile/clean.keras", as: "a.zip")),
    .hit("weights-only", .file("weights_only/keras-2.15/by_name.h5")),
    .clean("weights-only", .file("hostile/clean.h5")),
  ]

  /// A fixture under another name.
  private static func bytes(_ name: String, as other: String) -> RuleCase.Origin {
    let path = name == "hostile.zip" ? "\(PackedFixtures.root)/\(name)" : PackedFixtures.path(name)
    return .found(other, FileManager.default.contents(atPath: path).map(Array.init) ?? [])
  }

  private static let readers: [RuleCase] = [
    .hit("unreadable-file", .file("hostile/deep.json")), .clean("unreadable-file", .file("hostile/clean.keras")),
    .hit("unreadable-config", .written(["class_name": "Sequential", "config": 5], stamp: "2.2.4")),
    .clean("unreadable-config", .file("weights_only/keras-2.15/by_name.h5")),
    .clean("unreadable-config", .file("hostile/clean.keras")),
    .hit("json-in-string", .file("hostile/encoded_twice.json")),
    .clean("json-in-string", .file("hostile/wide.json")),
    .hit("optimizer-state-unreadable", .file("hostile/optimizer_missing.h5")),
    .clean("optimizer-state-unreadable", .file("hostile/clean.h5")),
    .hit(
      "version-stamps-differ",
      .said("two files") {
        try ModelFile.open(
          config: weightsOnly("keras-2.2.4/by_name.json"), weights: weightsOnly("keras-2.15/by_name.h5")
        )
        .diagnostics
      }),
    .clean(
      "version-stamps-differ",
      .said("two files") {
        try ModelFile.open(
          config: weightsOnly("keras-2.15/by_name.json"), weights: weightsOnly("keras-2.15/by_name.h5")
        )
        .diagnostics
      }),
    .hit(
      "partner-found",
      .said("weights beside it") {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for ending in ["json", "h5"] {
          let name = "keras-2.15/by_name.\(ending)"
          try FileManager.default.copyItem(atPath: weightsOnly(name), toPath: "\(folder)/model.\(ending)")
        }
        return try LoadOptions().open("\(folder)/model.json").diagnostics
      }),
    .clean("partner-found", .file("hostile/clean.h5")),
  ]

  private static let words: [RuleCase] = [
    .hit(
      "custom-objects",
      .written(RuleCase.one("OwnDense", ["units": 2], input: [nil, 3]), stamp: "2.2.4"), at: "/config/0"),
    .clean("custom-objects", .config("areg_layer-keras-2.1.3")),
    .hit("era-inferred", .config("areg_dense_relu_l2-keras-0.3.3")),
    .clean("era-inferred", .config("areg_layer-keras-2.1.3")),
    .hit(
      "unknown-config-key", .written(RuleCase.one("Dense", ["units": 2, "unit": 3], input: [nil, 3]), stamp: "2.2.4")),
    .clean("unknown-config-key", .written(RuleCase.one("Dense", ["units": 2], input: [nil, 3]), stamp: "2.2.4")),
    .hit(
      "custom-class",
      .written(RuleCase.one("FixedDropout", ["rate": 0.2, "noise_shape": [nil, 1]], input: [nil, 3]), stamp: "2.2.4")),
    .clean("custom-class", .config("areg_layer-keras-2.1.3")),
    .hit("custom-penalty", penalty("MyPenalty")), .clean("custom-penalty", penalty("L1L2")),
    .hit("lambda-translated", lambdas), .clean("lambda-translated", .file("hostile/clean.h5")),
    .hit("lambda-setting", lambdas), .clean("lambda-setting", .file("hostile/clean.h5")),
  ]

  private static let loading: [RuleCase] = [
    .hit("weights-partial", partly), .clean("weights-partial", wholly),
    .hit("weights-unread", partly), .clean("weights-unread", wholly),
    .hit("custom-training-object", losses("my_own_loss")), .clean("custom-training-object", losses("mse")),
    .hit("input-shape-inferred", shapeless), .clean("input-shape-inferred", wholly),
    .hit(
      "output-padding-unknown",
      .said("unknown_last.keras") {
        try Model.load(PackedFixtures.path("legacy_layers/keras-3.10.0/unknown_last.keras")).loaded.diagnostics
      }),
    .clean("output-padding-unknown", wholly),
  ]

  @Sendable private static func weightsOnly(_ name: String) -> String { PackedFixtures.path("weights_only/\(name)") }

  private static func penalty(_ className: String) -> RuleCase.Origin {
    .written(
      RuleCase.one(
        "Dense",
        ["units": 2, "kernel_regularizer": ["class_name": .string(className), "config": ["l1": 0.0, "l2": 0.1]]],
        input: [nil, 3]), stamp: "2.2.4")
  }

  private static let lambdas = RuleCase.Origin.said("lambdas of Keras 2.2.4") {
    let folder = PackedFixtures.folder("lambdas/keras-2.2.4")
    return try ["code", "functions"].flatMap {
      try EraUpgrade.upgrade(ModelFile.open("\(folder)/\($0).h5")).diagnostics
    }
  }

  private static let partly = RuleCase.Origin.said("a part of the weights") {
    try Model.load(weightsOnly("keras-2.2.4/by_name.h5"), options: LoadOptions(allowsPartialWeights: true)).loaded
      .diagnostics
  }

  private static let wholly = RuleCase.Origin.said("a whole model") {
    try Model.load(PackedFixtures.path("hostile/clean.h5")).loaded.diagnostics
  }

  private static func losses(_ name: String) -> RuleCase.Origin {
    .said("a loss \(name)") {
      var source = try ModelFile.open(PackedFixtures.path("hostile/clean.h5"))
      source.trainingConfig = [
        "loss": .string(name), "metrics": [], "optimizer_config": ["class_name": "SGD", "config": ["lr": 0.1]],
      ]
      return try LoadedModel.load(source: source).diagnostics
    }
  }

  private static let shapeless = RuleCase.Origin.said("a model without its input's shape") {
    var source = try ModelFile.open(PackedFixtures.path("hostile/clean.h5"))
    source.config = try source.config.map {
      try JSON(parsing: $0.text().replacing(#""batch_input_shape": [null, 2], "#, with: ""))
    }
    return try LoadedModel.load(source: source).diagnostics
  }
}
