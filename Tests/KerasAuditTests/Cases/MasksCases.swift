extension RuleCases {
  static let masks: [RuleCase] = []
}
