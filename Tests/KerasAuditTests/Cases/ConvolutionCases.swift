extension RuleCases {
  static let convolution: [RuleCase] = []
}
