extension AuditRegistry {
  static let dropout: [any AuditRule] = [
    DropoutMeaning.notInverted,
    DropoutMeaning.noiseShape,
    DropoutMeaning.extremes,
    DropoutMeaning.alphaDropout,
    RecurrentDropoutMeaning.state,
  ]
}
