import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Batch normalisation against measurements on the original releases.
@Suite struct LayerBatchNormalizationTests {
  static let fields: JSON = ["axis": -1, "momentum": 0.9, "epsilon": 0.001]
  /// Means 2 and 3, biased variances 1.25 and 5.
  static let x = Tensor([4, 2], [0.5, 0, 1.5, 2, 2.5, 4, 3.5, 6])

  private func bench(training: Bool, _ semantics: BatchNormalizationSemantics = .init()) throws -> LayerBench {
    var bench = try LayerBench(input: [2], [("BatchNormalization", Self.fields)])
    bench.training = training
    bench.semantics = semantics
    bench.parameters = [
      "l0/gamma": Tensor([2], [1, 2]), "l0/beta": Tensor([2], [0.5, 0]), "l0/moving_mean": Tensor([2], [0, 0]),
      "l0/moving_variance": Tensor([2], [1, 1]),
    ]
    return bench
  }

  private func updates(_ bench: LayerBench) throws -> [String: [Double]] {
    let model = try bench.lowered()
    let results = try bench.run([Self.x], fetching: model.updates.map(\.value), in: model)
    return Dictionary(uniqueKeysWithValues: zip(model.updates.map(\.parameter), results.map(\.values)))
  }

  @Test func inferenceUsesMovingStatistics() throws {
    let y = try bench(training: false).run(Tensor([1, 2], [2, 3]))
    let root = 1.001.squareRoot()
    #expect(agree(y, [1, 2], [2 / root + 0.5, 6 / root]))
  }

  @Test func trainingUsesTheBatch() throws {
    let y = try bench(training: true).run(Self.x)
    #expect(abs(y.values[0] - (0.5 - 1.5 / 1.251.squareRoot())) < 1e-6)
    #expect(abs(y.values[7] - 2 * 3 / 5.001.squareRoot()) < 1e-6)
  }

  @Test(arguments: [
    (BatchNormalizationSemantics.Variance.biased, 1.0250, 1.4), (.unbiasedForImages, 1.025, 1.4),
    (.biasedPlusEpsilon, 1.0251, 1.4001), (.unbiasedLessEpsilon, 0.9 + 0.125 * 4 / 2.999, 0.9 + 0.5 * 4 / 2.999),
    (.unbiasedPlusEpsilon, 0.9 + 0.1251 * 4 / 2.999, 0.9 + 0.5001 * 4 / 2.999),
  ]) func movingVarianceFollowsTheRelease(
    _ variance: BatchNormalizationSemantics.Variance, _ first: Double, _ second: Double
  ) throws {
    var semantics = BatchNormalizationSemantics()
    semantics.variance = variance
    let result = try updates(bench(training: true, semantics))
    #expect(agree(Tensor([2], result["l0/moving_mean"] ?? []), [2], [0.2, 0.3]))
    #expect(agree(Tensor([2], result["l0/moving_variance"] ?? []), [2], [first, second]))
  }

  @Test func zeroDebiasReplacesTheStatisticsAtTheFirstStep() throws {
    var semantics = BatchNormalizationSemantics()
    semantics.zeroDebias = true
    var bench = try bench(training: true, semantics)
    bench.parameters["l0/moving_mean"] = Tensor([2], [7, 7])
    let result = try updates(bench)
    #expect(agree(Tensor([2], result["l0/moving_mean"] ?? []), [2], [2, 3]))
    #expect(result["l0/moving_mean/local_step"] == [1])
  }

  @Test func frozenLayersFollowTheRelease() throws {
    func model(_ semantics: BatchNormalizationSemantics) throws -> LoweredModel {
      var fields = Self.fields
      fields["trainable"] = false
      var bench = try LayerBench(input: [2], [("BatchNormalization", fields)])
      bench.training = true
      bench.semantics = semantics
      return try bench.lowered()
    }
    let modern = try model(.init())
    #expect(modern.updates.isEmpty)
    #expect(modern.parameters.contains { $0.name == "l0/moving_mean" })
    var old = BatchNormalizationSemantics()
    old.frozenUsesMovingStatistics = false
    old.frozenUpdates = true
    #expect(try model(old).updates.map(\.parameter) == ["l0/moving_mean", "l0/moving_variance"])
  }

  /// γ(x − μ)/(√(var + ε) + ε) + β per sample: Keras 1.0.8 and 1.2.2; with std + ε in 0.3.3.
  @Test(arguments: [false, true]) func modeOneNormalisesEachSample(_ std: Bool) throws {
    var fields = Self.fields
    fields["keraskit>mode"] = 1
    fields["keraskit>mode1_std"] = .bool(std)
    fields["epsilon"] = 0.5
    var bench = try LayerBench(input: [2], [("BatchNormalization", fields)])
    bench.parameters = ["l0/gamma": Tensor([2], [1, 1]), "l0/beta": Tensor([2], [0, 0])]
    let divisor = std ? 1.5 : 1.5.squareRoot() + 0.5
    #expect(agree(try bench.run(Tensor([1, 2], [1, 3])), [1, 2], [-1 / divisor, 1 / divisor]))
  }
}
