extension RuleCases {
  static let normalization: [RuleCase] = []
}
