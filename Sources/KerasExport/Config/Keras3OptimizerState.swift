import Foundation
import KerasCore
import KerasModel

/// An optimizer's variables as Keras 3 saves them.
///
/// First the step count (int64) and, unless a schedule gives it, the learning rate; then the slots' arrays of the trained
/// variables (`base_optimizer.py` and `build` of each class, 3.15.1).
struct Keras3OptimizerState {
  /// Why a state is not written.
  struct Lost: Error {
    var reason: String
  }

  /// The optimizer's name, such as `adam`.
  let name: String
  /// In Keras' order.
  private(set) var arrays: [TensorData] = []

  /// `nil` if the model has no state.
  ///
  /// `rewritten` names the variables whose numbers differ in the written model: their state would not be that of the
  /// same numbers.
  init?(
    _ model: LoadedModel, compile: JSON, variables: [Keras3Model.Variable], rewritten: Set<String>
  ) throws(Lost) {
    let config = compile["optimizer"]?["config"]
    let className = compile["optimizer"]?["class_name"]?.stringValue ?? ""
    guard let state = model.optimizerState else {
      guard model.source.optimizerWeights.isEmpty else { throw Lost(reason: "it could not be read") }
      return nil
    }
    guard state.className == className else {
      throw Lost(reason: "it is that of \(state.className), the training config names \(className)")
    }
    if config?["use_ema"] == true { throw Lost(reason: "use_ema keeps averages that are not at hand") }
    if let steps = config?["gradient_accumulation_steps"], !steps.isNull {
      throw Lost(reason: "gradient_accumulation_steps keeps sums that are not at hand")
    }
    let trained = variables.filter(\.trainable)
    let written = Set(trained.map(\.name))
    let foreign = Set(state.slots.values.flatMap(\.keys)).filter { rewritten.contains($0) || !written.contains($0) }
    let trainedBefore = foreign.filter { model.weights[$0] != nil }
    if let first = trainedBefore.sorted().first, !Self.isUntrained(first, model) {
      throw Lost(reason: "the weight '\(first)' is written in another form")
    }
    name = config?["name"]?.stringValue ?? className.lowercased()
    do {
      arrays.append(try TensorData(shape: [], int64s: [Int64(state.iterations)]))
      if let rate = config?["learning_rate"]?.doubleValue {
        arrays.append(TensorData(Float(rate)))
      }
      let places = OptimizerState.keras3Places(
        className: className, slotCount: state.names.count, variableCount: trained.count)
      var ordered: [Int: TensorData] = [:]
      for (slot, row) in zip(state.names, places) {
        for (variable, place) in zip(trained, row) {
          let array = try state.array(slot, of: variable.name, shape: variable.tensor.shape)
          guard array.shape == variable.tensor.shape else {
            throw Lost(reason: "the shape of '\(variable.name)' has changed")
          }
          ordered[place] = array
        }
      }
      arrays += ordered.sorted { $0.key < $1.key }.map(\.value)
    } catch let error as Lost {
      throw error
    } catch {
      throw Lost(reason: "\(error)")
    }
    if className == "Nadam" {
      let beta = config?["beta_1"]?.doubleValue ?? 0.9
      var product: Float = 1
      for step in 0..<min(state.iterations, 1_000_000) {
        product *= Float(beta * (1 - 0.5 * pow(0.96, Double(step + 1))))
        if product == 0 { break }
      }
      arrays.append(TensorData(product))
    }
  }

  /// Whether the model does not train a variable, which then needs no state.
  private static func isUntrained(_ parameter: String, _ model: LoadedModel) -> Bool {
    let specs = (try? model.network.parameterSpecs()) ?? []
    return specs.first { $0.name == parameter }.map { !($0.spec.trainable && $0.trainable) } ?? false
  }
}
