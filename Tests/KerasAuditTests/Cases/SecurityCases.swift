import KerasKit

extension RuleCases {
  static let security: [RuleCase] = [
    .hit("sec-lambda", .config("lambda_python-keras-2.1.3"), at: "/config/1"),
    .clean("sec-lambda", .config("areg_layer-keras-2.1.3")),
  ]
}
