extension RuleCases {
  static let dropout: [RuleCase] = []
}
