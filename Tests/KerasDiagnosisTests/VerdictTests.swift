@testable import KerasDiagnosis
import KerasKit
import Testing

/// Each rule on a model that was made so that the answer is known.
struct VerdictTests {
  private typealias Layer = DenseStack.Layer

  private static let plain = Layer(units: 3, activation: "linear", weight: { 0.5 * Numbers.mixed($0, $1) })

  /// The verdicts of warnings, as `rule layer`, and the first remedy of each.
  private func findings(
    _ stack: DenseStack, _ inputs: TensorData, targets: TensorData? = nil
  ) throws -> [(what: String, remedy: String)] {
    let diagnosis = try stack.model().diagnose(inputs: [inputs], targets: targets.map { [$0] } ?? [])
    return diagnosis.verdicts.filter { $0.severity >= .warning }.map { verdict in
      (
        [verdict.rule, verdict.layer].compactMap(\.self).joined(separator: " "),
        verdict.remedies.first.map { "\($0.layer): \($0.field)" } ?? ""
      )
    }
  }

  private let ordinary = { try Numbers.uniform([64, 16], -1.7...1.7) }

  @Test func everyVerdictHasAStory() {
    let ids = VerdictStory.all.map(\.id)
    #expect(Set(ids).count == ids.count)
    for rule in VerdictRules.all { #expect(VerdictStory.story(rule.id)?.severity == rule.severity, "\(rule.id)") }
    let ofModels = ["gradient-vanishes", "gradient-explodes", "nothing-needed"]
    #expect(Set(ids) == Set(VerdictRules.all.map(\.id) + ofModels))
    for story in VerdictStory.all { #expect(AuditRegistry.rule(story.id) == nil, "\(story.id) is a rule's name too") }
  }

  @Test func ordinaryLayersNeedNothing() throws {
    let layer = Layer(units: 16, activation: "tanh", weight: { 0.3 * Numbers.mixed($0, $1) })
    let diagnosis = try DenseStack(inputs: 16, layers: [layer, Self.plain]).model().diagnose(inputs: [ordinary()])
    #expect(diagnosis.verdicts.map(\.rule) == ["nothing-needed"])
    #expect(diagnosis.recommendation == nil && !diagnosis.hasFindings)
  }

  @Test func largeWeightsAreAKernelRegularizersMatter() throws {
    let layer = Layer(units: 8, activation: "tanh", weight: { 6 * Numbers.mixed($0, $1) })
    let found = try findings(DenseStack(inputs: 16, layers: [layer, Self.plain]), ordinary())
    #expect(found.map(\.what) == ["kernel-drives d0"])
    #expect(found.map(\.remedy) == ["d0: kernel"])
  }

  @Test func largeBiasesAreABiasRegularizersMatter() throws {
    let layer = Layer(
      units: 8, activation: "sigmoid", weight: { 0.2 * Numbers.mixed($0, $1) },
      bias: { $0.isMultiple(of: 2) ? 20 : -20 })
    let found = try findings(DenseStack(inputs: 16, layers: [layer, Self.plain]), ordinary())
    #expect(found.map(\.what) == ["bias-drives d0"])
    #expect(found.map(\.remedy) == ["d0: bias"])
  }

  @Test func unscaledInputsAreNoRegularizersMatter() throws {
    let layer = Layer(units: 8, activation: "tanh", weight: { 0.4 * Numbers.mixed($0, $1) })
    let stack = DenseStack(inputs: 16, layers: [layer, Self.plain])
    let found = try findings(stack, Numbers.uniform([64, 16], 0...255))
    #expect(found.map(\.what) == ["inputs-unscaled d0"])
    #expect(found.map(\.remedy) == [""])
  }

  /// Small weights, large inputs from the layer before: its activity is to be regularized.
  @Test func largeOutputsOfTheLayerBeforeAreItsActivityRegularizersMatter() throws {
    let first = Layer(units: 64, activation: "relu", weight: { _, _ in 0.3 })
    let second = Layer(units: 8, activation: "sigmoid", weight: { 0.3 * Numbers.mixed($0, $1) })
    let found = try findings(
      DenseStack(inputs: 64, layers: [first, second, Self.plain]), Numbers.uniform([64, 64], 0...1))
    #expect(found.map(\.what) == ["activity-before d1"])
    #expect(found.map(\.remedy) == ["d0: activity"])
  }

  /// Small weights and ordinary inputs that add up: the kernel has nothing to punish.
  @Test func whatAddsUpIsAnActivityRegularizersMatter() throws {
    let layer = Layer(units: 8, activation: "tanh", weight: { _, _ in 0.1 })
    let stack = DenseStack(inputs: 400, layers: [layer, Self.plain])
    let diagnosis = try stack.model().diagnose(inputs: [Numbers.uniform([64, 400], 0.5...1.5)])
    let verdict = try #require(diagnosis.verdicts.first)
    #expect(verdict.rule == "activity" && verdict.layer == "d0")
    #expect(verdict.remedies == [Remedy(layer: "d0", field: "activity")])
    #expect(verdict.text.contains("weights within ±0.10") && verdict.text.contains("100 % of the tanh saturated"))
    #expect(verdict.text.contains("kernel regularizer has nothing to punish"))
  }

  /// A penalty on a sigmoid's output pushes it to its lower tail: where it is there, nothing before it is left to regularize.
  @Test func aSigmoidAtItsLowerTailIsNotPushedFurther() throws {
    let layer = Layer(units: 8, activation: "sigmoid", weight: { _, _ in -0.1 })
    let stack = DenseStack(inputs: 400, layers: [layer, Self.plain])
    let found = try findings(stack, Numbers.uniform([64, 400], 0.5...1.5))
    #expect(found.map(\.what) == ["no-lever d0"])
    #expect(found.map(\.remedy) == [""])
  }

  /// An activation in a layer of its own: the layer before it puts out the pre-activations.
  @Test func ofAnActivationLayerTheLayerBeforeIsRegularized() throws {
    let layer = Layer(units: 8, activation: "linear", weight: { _, _ in 0.1 })
    let stack = DenseStack(inputs: 400, layers: [layer, Self.plain], activations: [0: "sigmoid"])
    let found = try findings(stack, Numbers.uniform([64, 400], 0.5...1.5))
    #expect(found.map(\.what) == ["activity a0"])
    #expect(found.map(\.remedy) == ["d0: activity"])
  }

  @Test func unitsThatNeverChangeAreDead() throws {
    let layer = Layer(
      units: 10, activation: "relu", weight: { 0.2 * Numbers.mixed($0, $1) }, bias: { $0 < 4 ? -5 : 0.1 })
    let stack = DenseStack(inputs: 16, layers: [layer, Self.plain])
    let diagnosis = try stack.model().diagnose(inputs: [ordinary()])
    let layerFound = try #require(diagnosis.layer("d0"))
    #expect(layerFound.deadUnits == 4 && layerFound.units == 10)
    #expect(diagnosis.verdicts.map(\.rule) == ["dead-units"])
  }

  @Test func brokenWeightsAreSaidFirst() throws {
    let layer = Layer(units: 8, activation: "tanh", weight: { $0 == 1 && $1 == 2 ? .nan : 9 * Numbers.mixed($0, $1) })
    let found = try findings(DenseStack(inputs: 16, layers: [layer, Self.plain]), ordinary())
    #expect(found.map(\.what) == ["weights-not-finite d0"])
  }

  @Test func outputsThatAreNotFiniteAreSaidWhereTheyBegin() throws {
    let layer = Layer(units: 8, activation: "exponential", weight: { _, _ in 10 })
    let found = try findings(
      DenseStack(inputs: 16, layers: [layer, Self.plain]), Numbers.uniform([8, 16], 1...2))
    #expect(found.map(\.what) == ["outputs-not-finite d0"])
  }

  @Test func aRegularizerThatMakesUpMostOfTheLossIsSaid() throws {
    let layer = Layer(
      units: 8, activation: "tanh", weight: { 0.3 * Numbers.mixed($0, $1) },
      fields: ["kernel_regularizer": ["class_name": "L2", "config": ["l2": 10.0]]])
    let found = try findings(
      DenseStack(inputs: 16, layers: [layer, Self.plain]), ordinary(), targets: Numbers.uniform([64, 3], -1...1))
    #expect(found.map(\.what) == ["penalty-dominates d0"])
  }

  @Test func gradientsThatVanishOverTheDepthAreSaid() throws {
    let layer = Layer(units: 16, activation: "sigmoid", weight: { 0.1 * Numbers.mixed($0, $1) })
    let stack = DenseStack(inputs: 16, layers: Array(repeating: layer, count: 8) + [Self.plain])
    let found = try findings(stack, ordinary(), targets: Numbers.uniform([64, 3], -1...1))
    #expect(found.map(\.what).contains("gradient-vanishes"))
  }

  /// What a classifier is sure of, and large numbers of a regression, are as they should be.
  @Test func outputLayersMayBeSure() throws {
    let sure = Layer(units: 2, activation: "sigmoid", weight: { 4 * Numbers.mixed($0, $1) })
    #expect(try findings(DenseStack(inputs: 16, layers: [sure]), ordinary()).isEmpty)
    let large = Layer(units: 2, activation: "linear", weight: { 400 * Numbers.mixed($0, $1) })
    #expect(try findings(DenseStack(inputs: 16, layers: [large]), ordinary()).isEmpty)
  }
}
