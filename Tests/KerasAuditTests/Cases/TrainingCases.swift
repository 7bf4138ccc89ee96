extension RuleCases {
  static let training: [RuleCase] = []
}
