import Foundation
import KerasCore
import KerasGraph
import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite struct LossTests {
  private let truth = [0.2, 0.9, 0.4, 1.0, 0.0, 0.5]
  private let prediction = [0.3, 0.6, 0.1, 0.7, 0.2, 0.1]

  private func values(
    _ name: String, _ truth: [Double], _ prediction: [Double], columns: Int = 3, config: JSON = .null,
    _ semantics: TrainingSemantics = .init()
  ) throws -> [Double] {
    let loss = try LossRegistry.loss(named: name, config: config)
    return try evaluate { graph in
      let rows = prediction.count / columns
      let t = try constant(loss.targetsAreIndices ? [rows] : [rows, columns], truth, &graph)
      let p = try constant([rows, columns], prediction, &graph)
      return try loss.values(truth: t, prediction: p, semantics: semantics, in: &graph)
    }
  }

  /// Means over each row of three of a function of target and prediction.
  private func rowMeans(_ f: (Double, Double) -> Double) -> [Double] {
    let all = zip(truth, prediction).map(f)
    return [all[0...2].reduce(0, +) / 3, all[3...5].reduce(0, +) / 3]
  }

  @Test func elementwiseLossesAreMeansOfTheirFormulaOverTheLastAxis() throws {
    let epsilon = 1e-7
    let formulas: [(String, (Double, Double) -> Double)] = [
      ("mse", { ($0 - $1) * ($0 - $1) }), ("mean_absolute_error", { abs($0 - $1) }),
      ("mape", { 100 * abs($0 - $1) / max(abs($0), epsilon) }),
      ("msle", { pow(log(max($0, epsilon) + 1) - log(max($1, epsilon) + 1), 2) }),
      ("logcosh", { log(cosh($1 - $0)) }), ("poisson", { $1 - $0 * log($1 + epsilon) }),
      ("huber", { abs($0 - $1) <= 1 ? 0.5 * ($0 - $1) * ($0 - $1) : abs($0 - $1) - 0.5 }),
      ("squared_hinge", { pow(max(1 - $0 * $1, 0), 2) }), ("hinge", { max(1 - $0 * $1, 0) }),
      ("binary_crossentropy", { -$0 * log($1) - (1 - $0) * log(1 - $1) }),
    ]
    for (name, formula) in formulas {
      let found = try values(name, truth, prediction)
      #expect(isClose(found, rowMeans(formula)), "\(name): \(found)")
    }
  }

  @Test func huberIsLinearBeyondDelta() throws {
    let found = try values("Huber", [0, 0], [3, 0.5], columns: 1, config: ["delta": 2.0])
    #expect(isClose(found, [2 * 3 - 2, 0.125]))
  }

  @Test func divergenceSumsOverTheLastAxis() throws {
    let found = try values("kld", [0.5, 0.5], [0.25, 0.75], columns: 2)
    #expect(isClose(found, [0.5 * log(2) + 0.5 * log(0.5 / 0.75)]))
  }

  @Test func categoricalHingeComparesTheBestWrongClassWithTheRightOne() throws {
    let found = try values("categorical_hinge", [0, 1, 0], [0.6, 0.3, 0.1])
    #expect(isClose(found, [0.6 - 0.3 + 1]))
  }

  @Test func hingeTakesZeroAndOneAsSignsOnlyWhereTheReleaseDoes() throws {
    let new = try values("hinge", [0, 1], [0.5, 0.5], columns: 2)
    #expect(isClose(new, [(1.5 + 0.5) / 2]))
    let old = try values(
      "hinge", [0, 1], [0.5, 0.5], columns: 2, semantics { $0.hingeConvertsBinaryTargets = false })
    #expect(isClose(old, [(1 + 0.5) / 2]))
  }

  @Test func cosineHasTheSignAndScaleOfTheRelease() throws {
    // Measured: −0.09195 (mean), −0.27585 (sum), +0.27585 (tf.keras 1.14, 1.15) for one pair of three.
    let cosine: Double = 3 / (Double(14).squareRoot() * Double(6).squareRoot())
    let forms: [(TrainingSemantics.CosineForm, Double)] = [
      (.negativeMean, -cosine / 3), (.negativeSum, -cosine), (.positiveSum, cosine),
    ]
    for (form, expected) in forms {
      let found = try values("cosine_proximity", [1, 2, 3], [2, -1, 1], semantics { $0.cosineForm = form })
      #expect(isClose(found, [expected]))
    }
  }

  @Test func aCertainButWrongBinaryPredictionCostsWhatTheReleaseSaid() throws {
    // Measured: 16.118 up to 2.2.4 and in Keras 3, 15.425 in Keras 2.3.1 on TensorFlow and tf.keras 1.14 to 2.15.
    #expect(isClose(try values("binary_crossentropy", [1], [0], columns: 1), [16.118], 1e-4))
    let twice = semantics { $0.binaryCrossentropyAddsEpsilon = true }
    #expect(isClose(try values("binary_crossentropy", [1], [0], columns: 1, twice), [15.425], 1e-4))
  }

  @Test func categoricalCrossentropyDividesByTheSumBeforeClipping() throws {
    let found = try values("categorical_crossentropy", [0, 1, 0, 1, 0, 0], [0.2, 0.4, 0.2, 0, 0.5, 0.5])
    #expect(isClose(found, [-log(0.5), 16.118], 1e-4))
  }

  @Test func sparseCrossentropyClipsFirstOnTensorFlow() throws {
    let p = [0.2, 0.4, 0.2, 0, 0.5, 0.5]
    #expect(isClose(try values("sparse_categorical_crossentropy", [1, 0], p), [-log(0.5), 16.118], 1e-4))
    let theano = semantics { $0.sparseCrossentropyClipsFirst = false }
    #expect(isClose(try values("sparse_categorical_crossentropy", [1, 0], p, theano), [-log(0.5), 16.118], 1e-4))
    // Measured: a prediction of (0, 0.5): −log(1e-7 / (0.5 + 1e-7)) = 15.425 clipping first, 16.118 renormalising first.
    let half = [0, 0.5]
    #expect(isClose(try values("sparse_categorical_crossentropy", [0], half, columns: 2), [15.425], 1e-4))
    #expect(isClose(try values("sparse_categorical_crossentropy", [0], half, columns: 2, theano), [16.118], 1e-4))
  }

  @Test func logitsAndSmoothingComeFromTheLossConfig() throws {
    let logits = try values("BinaryCrossentropy", [1, 0], [2, 2], columns: 1, config: ["from_logits": true])
    #expect(isClose(logits, [log(1 + exp(-2)), log(1 + exp(2))]))
    let smooth = try values(
      "CategoricalCrossentropy", [1, 0], [0.8, 0.2], columns: 2, config: ["label_smoothing": 0.1])
    #expect(isClose(smooth, [-0.95 * log(0.8) - 0.05 * log(0.2)]))
  }

  @Test func aSigmoidBeforeTheLossIsLookedThroughOnlyWhereTheReleaseDoes() throws {
    func cost(_ semantics: TrainingSemantics) throws -> [Double] {
      try evaluate { graph in
        let p = try graph.unary(.sigmoid, try constant([1, 1], [-40], &graph))
        let loss = try LossRegistry.loss(named: "binary_crossentropy")
        return try loss.values(
          truth: try constant([1, 1], [1], &graph), prediction: p, semantics: semantics, in: &graph)
      }
    }
    #expect(isClose(try cost(.init()), [40]))
    #expect(isClose(try cost(semantics { $0.crossentropyReadsLogits = false }), [16.118], 1e-4))
  }

  @Test func unknownLossesAreNamed() {
    #expect(throws: TrainingError.self) { try LossRegistry.loss(named: "made_up") }
  }
}
