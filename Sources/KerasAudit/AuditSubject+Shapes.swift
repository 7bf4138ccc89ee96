import KerasModel

extension AuditSubject {
  /// The model and what each layer takes and gives in each of its calls, by path; `nil` where it cannot be made.
  ///
  /// It costs more than all other rules, so they ask for it only where they have found a layer that it concerns.
  func lowered() -> (network: Network, calls: [String: [LayerOutput]])? {
    guard let network = try? Network(canonical: canonical.config),
      let model = try? network.lowered(training: false)
    else { return nil }
    return (network, Dictionary(grouping: model.layerOutputs, by: \.path))
  }
}
