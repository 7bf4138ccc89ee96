import Foundation
import KerasKit
import Testing

/// One model saved by Keras 1.2.2 on Theano and, its weights brought over by numpy, by Keras 2.1.3 on TensorFlow.
@Suite struct ModelPairTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/model_pair").path

  private func unread(_ name: String) throws -> LoadedModel {
    var options = LoadOptions()
    options.readsWeights = false
    return try LoadedModel.load("\(Self.folder)/\(name).h5", options: options)
  }

  @Test func turnedKernelsAndGatesAreFoundEqual() throws {
    let (a, b) = (try unread("keras-1.2.2"), try unread("keras-2.1.3"))
    #expect(a.weights.isEmpty && b.weights.isEmpty)
    let diff = try ModelDiff.compare(a, b)
    let weights = diff.layers.flatMap(\.weights)
    #expect(weights.count == 7)
    #expect(weights.allSatisfy { $0.relation == .equal }, "\(weights)")
    #expect(diff.layers.allSatisfy { $0.effect != .inference }, "\(ConversionTests.summary(diff))")
    let models = (try Model.load("\(Self.folder)/keras-1.2.2.h5"), try Model.load("\(Self.folder)/keras-2.1.3.h5"))
    let inputs = try models.0.inputRecipes(samples: 4, seed: 3).map { try $0.array() }
    let layers = try LayerDifference.between(models.0, models.1, on: inputs, matchedBy: diff)
    #expect(layers.map(\.pathA).suffix(4) == ["eye", "rows", "memory", "answer"])
    #expect(layers.allSatisfy { $0.relative < 1e-6 }, "\(layers)")
  }

  @Test func oneTrainingStepIsFoundInTheLayersItChanged() throws {
    let diff = try ModelDiff.compare(unread("keras-1.2.2"), unread("keras-2.1.3-trained"))
    for layer in diff.layers {
      for weight in layer.weights {
        if layer.pathA == "eye" {
          #expect(weight.relation == .equal)
        } else {
          #expect(weight.relation?.word == "trained", "\(layer.pathA ?? "") \(weight)")
        }
      }
    }
    let models = (
      try Model.load("\(Self.folder)/keras-2.1.3.h5"), try Model.load("\(Self.folder)/keras-2.1.3-trained.h5")
    )
    let inputs = try models.0.inputRecipes(samples: 4, seed: 3).map { try $0.array() }
    let layers = try LayerDifference.between(models.0, models.1, on: inputs, matchedBy: diff)
    #expect(layers.first { $0.relative > 1e-4 }?.pathA == "memory")
  }

  @Test func weightsReadOnRequestAreThoseReadAtOnce() throws {
    let (whole, late) = (try LoadedModel.load("\(Self.folder)/keras-1.2.2.h5"), try unread("keras-1.2.2"))
    #expect(whole.weights.count == 7)
    for (name, data) in whole.weights { #expect(try late.weight(name) == data) }
    #expect(try late.weight("no/such") == nil)
  }
}
