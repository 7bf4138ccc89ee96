/// Every rule's cases, one file a family.
enum RuleCases {
  static let all: [RuleCase] =
    activity + regularizers + recurrent + normalization + convolution + dropout + training + masks + security + files
}
