import KerasCore

/// All rules about layers, in the order in which those of a group are asked.
enum VerdictRules {
  static let all: [VerdictRule] = finite + range + units + penalties

  private static let finite: [VerdictRule] = [
    VerdictRule(
      id: "weights-not-finite", severity: .error, group: .finite,
      applies: { $0.layer.weights.contains { $0.values.notFinite > 0 } },
      text: { subject in
        let broken = subject.layer.weights.filter { $0.values.notFinite > 0 }
        let names = broken.map { "\($0.name) (\($0.values.notFinite))" }.joined(separator: ", ")
        return "weights that are infinite or NaN: \(names). No regularizer mends them: go back to weights from before."
      }),
    VerdictRule(
      id: "outputs-not-finite", severity: .error, group: .finite,
      applies: { subject in
        subject.layer.output.notFinite > 0
          && !subject.layer.producers.contains { (subject.diagnosis.layer($0)?.output.notFinite ?? 0) > 0 }
      },
      text: { subject in
        let count = subject.layer.output.notFinite
        return
          "\(count) outputs are infinite or NaN though the layers before it give finite numbers: look at its inputs "
          + "and weights; a lower learning rate or gradient clipping keeps training from coming here."
      }),
  ]

  private static let range: [VerdictRule] = [
    VerdictRule(
      id: "bias-drives", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .bias },
      text: { subject in
        "\(subject.facts): the bias does it (without it \(subject.wouldBe(subject.drivers?.withoutBias ?? 0))). A kernel "
          + "regularizer does not touch biases; use a bias regularizer."
      },
      remedies: { subject in
        [Remedy(layer: subject.product.path, field: subject.product.drivers?.biasField ?? "bias")]
      }),
    VerdictRule(
      id: "kernel-drives", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .kernel },
      text: { subject in
        let norm = NumberText.short(subject.drivers?.kernelNorm ?? 0, digits: 2)
        return "\(subject.facts): large weights do it (norm \(norm) per unit; with a norm of 1 "
          + "\(subject.wouldBe(subject.drivers?.withUnitKernel ?? 0))). A kernel regularizer punishes just them."
      },
      remedies: { subject in
        [Remedy(layer: subject.product.path, field: subject.product.drivers?.kernelField ?? "kernel")]
      }),
    VerdictRule(
      id: "inputs-unscaled", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .rawInput },
      text: { subject in
        let inputs = subject.diagnosis.inputs.filter { subject.product.modelInputs.contains($0.name) }
        let ranges = inputs.map { "'\($0.name)' \(LayerSubject.range($0.values))" }.joined(separator: ", ")
        return "\(subject.facts): the model's input does it (\(ranges); with a root mean square of 1 "
          + "\(subject.wouldBe(subject.drivers?.withUnitInput ?? 0))). That is no matter for a regularizer: scale the "
          + "data as in training, or put a Rescaling or Normalization before the layer."
      }),
    VerdictRule(
      id: "activity-before", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .layersBefore },
      text: { subject in
        "\(subject.facts): the inputs do it, which \(Self.names(subject.product.producers)) puts out (with a root mean "
          + "square of 1 \(subject.wouldBe(subject.drivers?.withUnitInput ?? 0))). A kernel regularizer here has "
          + "nothing to punish; use an activity regularizer on the layer before.\(subject.idleRegularizer)"
      },
      remedies: { subject in
        subject.product.producers.map { Remedy(layer: $0, field: "activity") } + subject.activityRemedies
      }),
    VerdictRule(
      id: "no-lever", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .accumulation && $0.activityRemedies.isEmpty },
      text: { subject in
        "\(subject.facts): small weights and inputs add up. A kernel regularizer has nothing to punish, and an activity "
          + "regularizer on this layer would push it towards 0, where it is saturated already: put a "
          + "BatchNormalization before it, or scale its inputs."
      }),
    VerdictRule(
      id: "activity", severity: .warning, group: .range,
      applies: { $0.isExtreme && $0.cause == .accumulation },
      text: { subject in
        "\(subject.facts): \(subject.drivers == nil ? "" : "small weights and inputs add up. ")A kernel regularizer has "
          + "nothing to punish; use an activity regularizer.\(subject.idleRegularizer)"
      },
      remedies: { $0.activityRemedies }),
    VerdictRule(
      id: "gates-saturated", severity: .note, group: .range,
      applies: { subject in
        subject.layer.gates.contains { ($0.saturation?.share ?? 0) >= DiagnosisThresholds.saturatedShare }
      },
      text: { subject in
        let gates = subject.layer.gates.filter {
          ($0.saturation?.share ?? 0) >= DiagnosisThresholds.saturatedShare
        }
        return
          "gates \(gates.map { "\($0.name) (\(LayerSubject.percent($0.saturation?.share ?? 0)))" }.joined(separator: ", ")) "
          + "are saturated. An activity regularizer reaches the layer's output only: large recurrent or input weights are "
          + "a kernel and recurrent regularizer's matter, large inputs one of the layer before."
      }),
  ]

  private static let units: [VerdictRule] = [
    VerdictRule(
      id: "dead-units", severity: .warning, group: .units,
      applies: { subject in
        // Units that sit at a tail for every sample are told of with the saturation.
        guard let dead = subject.layer.deadUnits, let units = subject.layer.units, units > 1, !subject.layer.isOutput,
          !subject.isSaturated, subject.diagnosis.samples >= DiagnosisThresholds.fewestSamples,
          !subject.layer.weights.isEmpty || subject.layer.activates != nil
        else { return false }
        return Double(dead) >= DiagnosisThresholds.deadShare * Double(units)
      },
      text: { subject in
        let (dead, units) = (subject.layer.deadUnits ?? 0, subject.layer.units ?? 0)
        let isRelu = subject.layer.saturation?.activation == "relu"
        return
          "\(dead) of \(units) units give the same number for every sample\(isRelu ? " (dead relu)" : ""). No gradient "
          + "reaches them, and no regularizer brings them back: a lower learning rate, a new initialisation, or "
          + (isRelu ? "a leaky_relu in place of the relu." : "fewer units.")
      })
  ]

  private static let penalties: [VerdictRule] = [
    VerdictRule(
      id: "penalty-dominates", severity: .warning, group: .penalty,
      applies: { subject in
        subject.layer.penalties.reduce(0) { $0 + ($1.share ?? 0) } >= DiagnosisThresholds.largePenaltyShare
      },
      text: { subject in
        let share = subject.layer.penalties.reduce(0) { $0 + ($1.share ?? 0) }
        let terms = subject.layer.penalties.map { $0.name.split(separator: "/").last.map(String.init) ?? $0.name }
        return
          "its regularizers (\(terms.joined(separator: ", "))) make up \(LayerSubject.percent(share)) of the loss: "
          + "training serves them rather than the data. Weaken them with --add-regularizer, or --remove-regularizer."
      })
  ]

  private static func names(_ paths: [String]) -> String { paths.map { "'\($0)'" }.joined(separator: " and ") }

  /// The verdicts on a layer.
  static func verdicts(on subject: LayerSubject) -> [Verdict] {
    var spoken: Set<VerdictRule.Group> = []
    var verdicts: [Verdict] = []
    for rule in all where !spoken.contains(rule.group) && rule.applies(subject) {
      spoken.insert(rule.group)
      var remedies: [Remedy] = []
      for remedy in rule.remedies(subject) where !remedies.contains(remedy) { remedies.append(remedy) }
      verdicts.append(
        Verdict(
          rule: rule.id, severity: rule.severity, layer: subject.layer.path, text: rule.text(subject),
          remedies: remedies))
    }
    // Where numbers are not finite, nothing else about them is worth saying.
    return spoken.contains(.finite) ? Array(verdicts.prefix(1)) : verdicts
  }
}
