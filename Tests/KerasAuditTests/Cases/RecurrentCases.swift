import KerasKit

extension RuleCases {
  static let recurrent: [RuleCase] = [
    .hit("hard-sigmoid-def", .model("keras-2.1.3/lstm_hard_sigmoid.h5"), at: "/config/2/config/activation"),
    .clean("hard-sigmoid-def", .model("keras-3/lstm_hard_sigmoid.keras")),
    .clean("hard-sigmoid-def", .model("keras-2.1.3/lstm_hard_sigmoid.h5"), target: .tensorFlow215),
  ]
}
