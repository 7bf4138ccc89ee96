import KerasCore
import Testing

@testable import KerasModel

/// Expected values are those measured on the releases themselves.
@Suite("Training semantics by release")
struct EraSemanticsTests {
  private typealias Semantics = TrainingSemantics

  @Test(
    arguments: [
      ("keras==1.2.2", .dropped, .output, .sum), ("keras==2.0.2", .dropped, .output, .sum),
      ("keras==2.0.3", .input, .output, .sum), ("keras==2.0.9", .input, .output, .sum),
      ("keras==2.1.0", .input, .input, .sum), ("keras==2.1.3", .input, .input, .sum),
      ("keras==2.1.4", .output, .output, .sum), ("keras==2.3.1", .output, .output, .sum),
      ("keras==0.3.3", .output, .output, .perSample),
      ("tensorflow==1.12", .output, .output, .sum), ("tensorflow==1.13", .output, .output, .perSample),
      ("tf.keras==2.5.0", .output, .output, .perSample), ("keras==2.15.0", .output, .output, .perSample),
      ("keras==3.0.0", .output, .output, .sum), ("keras==3.13.2", .output, .output, .sum),
      ("keras==3.14.0", .output, .output, .perSample),
    ]
      as [(
        String, TrainingSemantics.ActivityTensor, TrainingSemantics.ActivityTensor, TrainingSemantics.ActivityReduction
      )])
  func `Activity penalties of nested models`(
    _ name: String, _ nested: TrainingSemantics.ActivityTensor, _ first: TrainingSemantics.ActivityTensor,
    _ reduction: TrainingSemantics.ActivityReduction
  ) throws {
    let semantics = try #require(TrainingSemantics(named: name))
    #expect(semantics.nestedActivity == nested)
    #expect(semantics.firstNestedActivity == first)
    #expect(semantics.activityReduction == reduction)
  }

  @Test func `Wrappers' activity penalties`() throws {
    let early = try #require(Semantics(named: "keras==2.0.2"))
    #expect(early.timeDistributedActivity == .whole)
    #expect(early.bidirectionalActivity == .dropped)
    #expect(early.dropsSharedWrapperActivity)
    let late = try #require(Semantics(named: "keras==2.3.1"))
    #expect(late.timeDistributedActivity == .doubledForFixedBatch)
    #expect(late.bidirectionalActivity == .merged)
    let tensorFlow = try #require(Semantics(named: "tf.keras==2.5.0"))
    #expect(tensorFlow.timeDistributedActivity == .perStep)
    #expect(tensorFlow.bidirectionalActivity == .eachDirection)
    let current = try #require(Semantics(named: "keras==3.15.1"))
    #expect(current.timeDistributedActivity == .dropped)
    #expect(current.activityIgnoredBy == ["SimpleRNN"])
    #expect(try #require(Semantics(named: "keras==1.0.8")).penalizesEvaluation == false)
    #expect(try #require(Semantics(named: "keras==1.2.2")).penalizesEvaluation)
  }

  @Test(
    arguments: [
      ("keras==2.2.4", .unmasked, .nonZeroCount), ("keras==2.3.1", .all, .count),
      ("tensorflow==1.12", .unmasked, .sumOfWeights),
      ("tensorflow==1.15", .all, .count), ("tf.keras==2.5.0", .all, .count), ("keras==2.12.0", .unmasked, .count),
      ("keras==3.15.1", .unmasked, .count),
    ] as [(String, TrainingSemantics.MaskNormalization, TrainingSemantics.WeightNormalization)])
  func `Masks and sample weights in the loss`(
    _ name: String, _ mask: TrainingSemantics.MaskNormalization, _ weights: TrainingSemantics.WeightNormalization
  ) throws {
    let semantics = try #require(Semantics(named: name))
    #expect(semantics.maskNormalization == mask)
    #expect(semantics.weightNormalization == weights)
  }

  @Test func `Losses that changed`() throws {
    #expect(try #require(Semantics(named: "keras==2.0.8")).cosineForm == .negativeMean)
    #expect(try #require(Semantics(named: "keras==2.0.9")).cosineForm == .negativeSum)
    #expect(try #require(Semantics(named: "tensorflow==1.15")).cosineForm == .positiveSum)
    #expect(try #require(Semantics(named: "keras==2.3.1")).binaryCrossentropyAddsEpsilon)
    #expect(try #require(Semantics(named: "keras==2.3.1+theano")).binaryCrossentropyAddsEpsilon == false)
    #expect(try #require(Semantics(named: "keras==2.15.0")).binaryCrossentropyAddsEpsilon)
    #expect(try #require(Semantics(named: "keras==3.15.1")).binaryCrossentropyAddsEpsilon == false)
    #expect(try #require(Semantics(named: "keras==2.2.4+theano")).sparseCrossentropyClipsFirst == false)
    #expect(try #require(Semantics(named: "tf.keras==2.5.0")).accuracyFollowsLoss == false)
    #expect(try #require(Semantics(named: "tensorflow==1.15")).accuracyFollowsLoss)
  }

  @Test(
    arguments: [
      ("keras==0.3.3", .global, .insideRoot), ("keras==1.0.8", .global, .outsideRoot),
      ("keras==2.3.1", .global, .outsideRoot),
      ("tensorflow==1.15", .perVariable, .outsideRoot), ("keras==2.15.0", .perVariable, .insideRoot),
      ("keras==3.15.1", .perVariable, .insideRoot),
    ] as [(String, TrainingSemantics.ClipnormScope, TrainingSemantics.EpsilonPlacement)])
  func `Clipping and epsilon of optimizers`(
    _ name: String, _ scope: TrainingSemantics.ClipnormScope, _ epsilon: TrainingSemantics.EpsilonPlacement
  ) throws {
    let semantics = try #require(Semantics(named: name))
    #expect(semantics.clipnormScope == scope)
    #expect(semantics.rmspropEpsilon == epsilon)
    #expect(semantics.adagradEpsilon == epsilon)
  }

  @Test(
    arguments: [
      ("keras==0.3.3+theano", .standardDeviation, false, false), ("keras==1.0.8+theano", .biased, false, true),
      ("keras==1.2.2+theano", .biasedPlusEpsilon, false, true), ("keras==1.2.2", .biased, false, true),
      ("keras==2.1.2", .biased, false, true), ("keras==2.1.3", .biased, true, false),
      ("keras==2.2.4", .unbiasedLessEpsilon, true, false), ("keras==2.3.1", .unbiasedLessEpsilon, false, false),
      ("keras==2.2.4+theano", .unbiasedPlusEpsilon, false, false),
      ("tf.keras==2.5.0", .unbiasedForImages, false, false),
      ("keras==3.15.1", .biased, false, false),
    ] as [(String, BatchNormalizationSemantics.Variance, Bool, Bool)])
  func `Moving statistics of batch normalisation`(
    _ name: String, _ variance: BatchNormalizationSemantics.Variance, _ debias: Bool, _ frozenUpdates: Bool
  ) throws {
    let batch = try #require(Semantics(named: name)).batchNormalization
    #expect(batch.variance == variance)
    #expect(batch.zeroDebias == debias)
    #expect(batch.frozenUpdates == frozenUpdates)
  }

  @Test func `Names that are no release are refused`() {
    #expect(Semantics(named: "keras") == nil)
    #expect(Semantics(named: "torch==2.0") == nil)
    #expect(Semantics(named: "keras==new") == nil)
    #expect(Semantics(named: "keras==2.1.3")?.name == "keras==2.1.3")
  }
}

@Suite("Masks of merging layers by era")
struct EraMergeMaskTests {
  private func config(_ className: String) -> String {
    """
    {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "\(className)", "config":
     {"name": "m"}}]}}
    """
  }

  @Test(arguments: ["Add", "Multiply", "Concatenate"]) func `Before Keras 3 all masks count`(_ name: String) throws {
    #expect(try upgraded(config(name), version: "2.3.1").field("m", "keraskit>mask") == "all")
    #expect(try upgraded(config(name), version: "2.15.0").field("m", "keraskit>mask") == "all")
    #expect(try upgraded(config(name), version: "3.15.1").field("m", "keraskit>mask") == nil)
  }
}
