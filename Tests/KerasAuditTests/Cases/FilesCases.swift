import KerasKit

extension RuleCases {
  static let files: [RuleCase] = [
    .hit(
      "custom-objects",
      .written(RuleCase.one("OwnDense", ["units": 2], input: [nil, 3]), stamp: "2.2.4"), at: "/config/0"),
    .clean("custom-objects", .config("areg_layer-keras-2.1.3")),
  ]
}
