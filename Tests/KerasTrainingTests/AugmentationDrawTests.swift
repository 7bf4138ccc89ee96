import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// The distributions that random image layers draw from, over thousands of images; bounds read in Keras 3.15.1's and
/// tf.keras 2.15's sources.
@Suite struct AugmentationDrawTests {
  private static let count = 4000

  /// What a layer draws for a batch of small images.
  private static func draws(
    _ className: String, _ config: JSON, size: (Int, Int) = (5, 4), batch: Int = count, seed: UInt64 = 1
  ) throws -> [String: Tensor] {
    let layer = try LayerRegistry.layer(["class_name": .string(className), "config": config]).layer
    let augmentation = try #require(layer as? any ImageAugmentation)
    var context = LoweringContext(isTraining: true)
    let x = context.graph.addInput("x", TensorType(.float32, Shape([nil, size.0, size.1, 3])))
    let draws = try augmentation.draw(x, &context)
    // The order of thousands of images compares each with each.
    let names = draws.values.keys.sorted().filter { batch <= 100 || $0 != "permutation_order" }
    let images = Tensor([batch, size.0, size.1, 3], filledWith: 0.5)
    let values = try Interpreter.run(
      context.graph, fetching: names.compactMap { draws[$0] }, inputs: ["x": images], seed: seed)
    return Dictionary(uniqueKeysWithValues: zip(names, values))
  }

  /// Whether numbers lie in [lower, upper] and have a uniform distribution's first two moments and quarters.
  private static func isUniform(_ values: [Double], _ lower: Double, _ upper: Double) -> Bool {
    let width = upper - lower
    guard values.count == count, values.allSatisfy({ $0 >= lower - 1e-6 && $0 <= upper + 1e-6 }) else { return false }
    let mean = values.reduce(0, +) / Double(count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    // Five standard deviations of each estimate.
    let isCentred = abs(mean - (lower + upper) / 2) < 5 * width / (12 * Double(count)).squareRoot()
    let isWide = abs(variance / (width * width) - 1.0 / 12) < 5 * 0.0745 / Double(count).squareRoot()
    let quarters = (0..<4).map { quarter in
      values.count { $0 >= lower + width * Double(quarter) / 4 && $0 < lower + width * Double(quarter + 1) / 4 }
    }
    return isCentred && isWide && quarters.allSatisfy { abs(Double($0) / Double(count) - 0.25) < 0.035 }
  }

  private static func share(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  struct Range: Sendable, CustomTestStringConvertible {
    var className: String
    var config: JSON
    var name: String
    var lower: Double
    var upper: Double
    var testDescription: String { "\(className) \(config.text()) \(name)" }

    init(_ className: String, _ config: JSON, _ name: String, _ lower: Double, _ upper: Double) {
      (self.className, self.config, self.name, self.lower, self.upper) = (className, config, name, lower, upper)
    }
  }

  static let ranges = [
    Range("RandomRotation", ["factor": 0.25], "angle", -90, 90),
    Range("RandomRotation", ["factor": [-0.1, 0.3]], "angle", -36, 108),
    Range("RandomZoom", ["height_factor": 0.2], "height_zoom", 0.8, 1.2),
    Range("RandomZoom", ["height_factor": 0.2, "width_factor": [-0.3, -0.1]], "width_zoom", 0.7, 0.9),
    Range("RandomTranslation", ["height_factor": 0.2, "width_factor": 0.5], "height_translation", -1, 1),
    Range("RandomTranslation", ["height_factor": 0.2, "width_factor": [0, 0.5]], "width_translation", 0, 2),
    // One number is the older releases', which saved it so; 3.5 and later save [0, 0.4].
    Range("RandomContrast", ["factor": 0.4], "contrast_factor", 0.6, 1.4),
    Range("RandomContrast", ["factor": [0, 0.4]], "contrast_factor", 1, 1.4),
    Range("RandomBrightness", ["factor": 0.2], "rgb_delta", -51, 51),
    Range("RandomBrightness", ["factor": [0.1, 0.3], "value_range": [0, 1]], "rgb_delta", 0.1, 0.3),
    Range("RandomHue", ["factor": [0, 0.4]], "factor", -0.2, 0.2),
    Range("RandomColorDegeneration", ["factor": [0, 0.4]], "factor", 0, 0.4),
    Range("RandomSharpness", ["factor": [0.2, 0.4]], "factor", 0.2, 0.4),
    Range("Solarization", ["addition_factor": 0.2, "threshold_factor": [0, 0.5]], "additions", 0, 51),
    Range("Solarization", ["addition_factor": 0.2, "threshold_factor": [0, 0.5]], "thresholds", 0, 127.5),
    Range("RandomShear", ["x_factor": [0, 0.3], "y_factor": 0.1], "shear_x", -0.3, 0.3),
    Range("RandomShear", ["x_factor": [0, 0.3], "y_factor": 0.1], "shear_y", -0.1, 0.1),
    Range("RandomPerspective", ["scale": 0.5], "end_x_1", 2.25, 3.75),
    Range("RandomPerspective", ["scale": 0.5], "end_y_2", 3, 5),
  ]

  @Test(arguments: ranges) func numbersAreUniformBetweenKerasBounds(_ range: Range) throws {
    let draws = try Self.draws(range.className, range.config)
    #expect(Self.isUniform(try #require(draws[range.name]).values, range.lower, range.upper))
  }

  @Test func saturationIsTheOddsOfAUniformNumber() throws {
    let factors = try #require(try Self.draws("RandomSaturation", ["factor": [0.2, 0.8]])["factor"]).values
    #expect(Self.isUniform(factors.map { $0 / (1 + $0) }, 0.2, 0.8))
  }

  @Test func aFlipIsForBothAxesOrInOldReleasesForEach() throws {
    let both = try Self.draws("RandomFlip", [:])
    #expect(both.count == 1)
    #expect(abs(Self.share(try #require(both["flips"]).values) - 0.5) < 0.04)
    let each = try Self.draws("RandomFlip", ["keraskit>separate_axes": true])
    let (across, down) = (try #require(each["flips"]).values, try #require(each["vertical_flips"]).values)
    #expect(abs(Self.share(down) - 0.5) < 0.04)
    #expect(abs(Self.share(zip(across, down).map { $0 == $1 ? 1 : 0 }) - 0.5) < 0.04)
  }

  /// The chance is itself uniform up to the factor: half of it on average.
  @Test(arguments: [
    ("RandomInvert", "apply_inversion"), ("RandomGaussianBlur", "should_apply_blur"),
    ("RandomErasing", "apply_erasing"), ("RandomPerspective", "apply_perspective"),
    ("RandomElasticTransform", "apply_transform"),
  ])
  func theChanceOfAChangeIsDrawn(_ className: String, _ name: String) throws {
    let draws = try Self.draws(className, ["factor": [0, 0.8]])
    #expect(abs(Self.share(try #require(draws[name]).values) - 0.4) < 0.04)
  }

  @Test func greyImagesHaveTheStatedShare() throws {
    let draws = try Self.draws("RandomGrayscale", ["factor": 0.3])
    #expect(abs(Self.share(try #require(draws["should_apply"]).values) - 0.3) < 0.04)
  }

  @Test func bitsAreWholeNumbersBelowTheUpperBound() throws {
    let shifts = try #require(try Self.draws("RandomPosterization", ["factor": [3, 6]])["shift_factor"]).values
    for shift in [5.0, 4, 3] {
      #expect(abs(Double(shifts.count { $0 == shift }) / Double(shifts.count) - 1.0 / 3) < 0.04)
    }
    let one = try #require(try Self.draws("RandomPosterization", ["factor": [2, 2]])["shift_factor"]).values
    #expect(one.allSatisfy { $0 == 6 })
  }

  @Test func aBatchIsCroppedAtOnePlaceAndEachPlaceIsAsLikely() throws {
    var rows = [Int](repeating: 0, count: 4)
    for seed in 0..<400 {
      let draws = try Self.draws("RandomCrop", ["height": 2, "width": 2], batch: 3, seed: UInt64(seed))
      let start = try #require(draws["height_start"]).values
      #expect(start.count == 1)
      rows[Int(start[0])] += 1
    }
    #expect(rows.allSatisfy { abs($0 - 100) < 45 }, "\(rows)")
    let each = try Self.draws(
      "RandomCrop",
      [
        "height": 2, "width": 2, "keraskit>resizes": true, "keraskit>per_sample": true,
      ])
    #expect(Set(try #require(each["width_start"]).values) == [0, 1, 2])
  }

  @Test func oneContrastForABatchWhereTheReleaseDrewOne() throws {
    let draws = try Self.draws("RandomContrast", ["factor": 0.4, "keraskit>per_batch": true])
    #expect(draws["contrast_factor"]?.values.count == 1)
  }

  /// Symmetric beta numbers have mean ½ and variance 1 / (4(2α + 1)).
  @Test(arguments: [0.2, 0.6, 1, 4]) func mixedSharesAreBetaNumbers(_ alpha: Double) throws {
    let weights = try #require(try Self.draws("MixUp", ["alpha": .number(alpha)])["mix_weight"]).values
    let mean = Self.share(weights)
    let variance = Self.share(weights.map { ($0 - mean) * ($0 - mean) })
    #expect(weights.allSatisfy { $0 >= 0 && $0 <= 1 })
    #expect(abs(mean - 0.5) < 0.04)
    #expect(abs(variance - 1 / (4 * (2 * alpha + 1))) < 0.01)
  }

  @Test func othersAreAPermutationOfTheBatch() throws {
    let order = try #require(try Self.draws("CutMix", [:], batch: 50)["permutation_order"]).values
    #expect(order.sorted() == (0..<50).map(Double.init))
    #expect(order != order.sorted())
    let firsts = try (0..<300).map { seed in
      try #require(try Self.draws("MixUp", [:], batch: 3, seed: UInt64(seed))["permutation_order"]).values[0]
    }
    for place in [0.0, 1, 2] { #expect(abs(firsts.count { $0 == place } - 100) < 45) }
  }

  @Test func rectanglesHaveTheAreaOfTheScaleAndLieInside() throws {
    let draws = try Self.draws("RandomErasing", ["scale": [0.2, 0.4]], size: (10, 20))
    let sides = try ["x0", "x1", "y0", "y1"].map { try #require(draws[$0]).values }
    let widths = zip(sides[1], sides[0]).map { ($0 - $1) / 20 }
    let heights = zip(sides[3], sides[2]).map { ($0 - $1) / 10 }
    #expect(Self.isUniform(widths.map { $0 * $0 }, 0.2, 0.4))
    #expect(Self.isUniform(heights.map { $0 * $0 }, 0.2, 0.4))
    #expect(sides[0].allSatisfy { $0 >= 0 } && sides[1].allSatisfy { $0 <= 20 + 1e-9 })
    #expect(sides[3].allSatisfy { $0 <= 10 + 1e-9 })
    let noise = try #require(draws["fill_value"]).values
    #expect(abs(Self.share(noise) / 255) < 0.01)
    #expect(abs(Self.share(noise.map { $0 * $0 }) / (255 * 255) - 1) < 0.02)
  }

  @Test func chainsOfAugMixShareOne() throws {
    for seed in 0..<20 {
      let draws = try Self.draws("AugMix", ["num_chains": 4, "chain_depth": 1], batch: 2, seed: UInt64(seed))
      let weights = try (0..<4).map { try #require(draws["chain_weight_\($0)"]).values[0] }
      #expect(abs(weights.reduce(0, +) - 1) < 1e-9 && weights.allSatisfy { $0 > 0 })
    }
  }
}
