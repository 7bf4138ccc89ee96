import Foundation
import KerasCore
import KerasModel

/// An optimizer's variables as Keras 3 saves them.
///
/// First the step count (int64) and, unless a schedule gives it, the learning rate; then the slots' arrays of the trained
/// variables (`base_optimizer.py` and `build` of each class, 3.15.1). Those of a LossScaleOptimizer or MultiOptimizer come
/// before those of the optimizers inside, which are saved once more under their own paths.
struct Keras3OptimizerState {
  /// Why a state is not written.
  struct Lost: Error {
    var reason: String
  }

  /// The optimizer's name, such as `adam`.
  let name: String
  /// In Keras' order.
  private(set) var arrays: [TensorData] = []
  /// The optimizers inside, by their path in the file.
  private(set) var inner: [(path: String, name: String, arrays: [TensorData])] = []

  /// `nil` if the model has no state.
  ///
  /// Variables whose numbers differ in the rewritten model have none: it would not be that of the same numbers.
  init?(
    _ model: LoadedModel, compile: JSON, variables: [Keras3Model.Variable], rewritten: RewrittenModel
  ) throws(Lost) {
    let config = compile["optimizer"]?["config"] ?? .null
    let className = compile["optimizer"]?["class_name"]?.stringValue ?? ""
    guard let state = try Self.carried(model, compile: compile, variables: variables, rewritten) else { return nil }
    let trained = variables.filter(\.trainable)
    name = config["name"]?.stringValue ?? className.lowercased()
    do {
      let configs = Self.partConfigs(className, config)
      guard configs.count == state.form.parts.count else { throw Lost(reason: "its optimizers are others") }
      var own: [[TensorData]] = []
      for (index, part) in state.form.parts.enumerated() {
        let variables = trained.filter { state.form.part(of: $0.name) == index }
        var known = state
        // Another release's schedule is another product.
        if (model.sourceVersion?.major ?? 3) < 3 { known.scheduleProduct = nil }
        own.append(try Self.arrays(of: part, known, configs[index], variables))
      }
      if state.form.scalesLoss {
        let scale = state.lossScale ?? .init(scale: Float(config["initial_scale"]?.doubleValue ?? 32768), steps: 0)
        arrays = [
          try TensorData(shape: [], int64s: [0]), TensorData(Float(0)),
          try TensorData(shape: [], int64s: [Int64(scale.steps)]), TensorData(scale.scale),
        ]
      } else if state.form.isMultiple {
        arrays = [try TensorData(shape: [], int64s: [Int64(state.iterations)]), TensorData(Float(0))]
      }
      arrays += own.flatMap(\.self)
      var used: [String: Int] = [:]
      for (part, arrays) in zip(state.form.parts, own) where state.form.scalesLoss || state.form.isMultiple {
        let snake = Self.snakeCase(part.className)
        let count = used[snake, default: 0]
        used[snake] = count + 1
        let path =
          state.form.isMultiple ? "optimizers/" + (count == 0 ? snake : "\(snake)_\(count)") : "inner_optimizer"
        inner.append(("optimizer/" + path, snake, arrays))
      }
    } catch let error as Lost {
      throw error
    } catch {
      throw Lost(reason: "\(error)")
    }
  }

  /// The state that can go on with the written variables; `nil` if the model has none.
  static func carried(
    _ model: LoadedModel, compile: JSON, variables: [Keras3Model.Variable], _ rewritten: RewrittenModel
  ) throws(Lost) -> OptimizerState? {
    let className = compile["optimizer"]?["class_name"]?.stringValue ?? ""
    guard var state = model.optimizerState else {
      guard model.source.optimizerWeights.isEmpty else { throw Lost(reason: "it could not be read") }
      return nil
    }
    guard state.className == className else {
      throw Lost(reason: "it is that of \(state.className), the training config names \(className)")
    }
    let trained = variables.filter(\.trainable)
    let written = Dictionary(trained.map { ($0.name, $0.tensor.shape) }, uniquingKeysWith: { first, _ in first })
    let names = Dictionary(rewritten.sourceNames.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let foreign = Set(state.slots.values.flatMap(\.keys)).filter {
      rewritten.changedWeights.contains($0) || written[names[$0] ?? $0] == nil
    }
    let trainedBefore = foreign.filter { model.weights[$0] != nil && !rewritten.constants.contains($0) }
    if let first = trainedBefore.sorted().first, !isUntrained(first, model) {
      throw Lost(reason: "the weight '\(first)' is written in another form")
    }
    for (old, new) in names {
      guard let shape = model.weights[old]?.shape, let other = written[new] else { continue }
      let form = state.form
      guard form.part(of: old) == form.part(of: new),
        form.slots.allSatisfy({ $0.belongs(to: old, shape: shape) == $0.belongs(to: new, shape: other) })
      else { throw Lost(reason: "\(className) updates '\(new)', which stands for '\(old)', in another way") }
    }
    do {
      state.slots = try state.slots.mapValues { arrays in
        try arrays.reduce(into: [:]) { result, entry in
          let name = names[entry.key] ?? entry.key
          // The same numbers in another shape have a state in that shape.
          let isReshaped = entry.value.shape == model.weights[entry.key]?.shape
          result[name] = isReshaped ? try written[name].map(entry.value.reshaped) ?? entry.value : entry.value
        }
      }
    } catch {
      throw Lost(reason: "\(error)")
    }
    return state
  }

  /// The configs of the optimizers inside, in the order of the state's parts.
  private static func partConfigs(_ className: String, _ config: JSON) -> [JSON] {
    if className == "LossScaleOptimizer" { return [config["inner_optimizer"]?["config"] ?? .null] }
    guard className == "MultiOptimizer" else { return [config] }
    let map = config["optimizer_map"]?["config"]
    let named = (map?["optimizer_map"]?.objectValue ?? [:]).values.map { $0["config"] ?? .null }
    return named + [map?["default_optimizer"]?["config"] ?? .null]
  }

  private static func arrays(
    of part: OptimizerForm.Part, _ state: OptimizerState, _ config: JSON, _ variables: [Keras3Model.Variable]
  ) throws -> [TensorData] {
    var arrays = [try TensorData(shape: [], int64s: [Int64(state.iterations)])]
    if let rate = config["learning_rate"]?.doubleValue { arrays.append(TensorData(Float(rate))) }
    for group in part.groups {
      for variable in variables {
        for slot in group {
          guard slot.belongs(to: variable.name, shape: variable.tensor.shape) else {
            // Adafactor keeps a zero for what it does not factor.
            if slot.extent != .variable { arrays.append(TensorData(Float(0))) }
            continue
          }
          let array = try state.array(slot, of: variable.name, weight: variable.tensor)
          guard array.shape == slot.shape(for: variable.tensor.shape) else {
            throw Lost(reason: "the shape of '\(variable.name)' has changed")
          }
          arrays.append(array)
        }
      }
    }
    if part.className == "Nadam", let product = state.scheduleProduct {
      arrays.append(TensorData(product))
    } else if part.className == "Nadam" {
      let beta = config["beta_1"]?.doubleValue ?? 0.9
      var product: Float = 1
      for step in 0..<min(state.iterations, 1_000_000) {
        product *= Float(beta * (1 - 0.5 * pow(0.96, Double(step + 1))))
        if product == 0 { break }
      }
      arrays.append(TensorData(product))
    }
    return arrays
  }

  /// As Keras names what it keeps in a list: `schedule_free_adam_w`.
  private static func snakeCase(_ name: String) -> String {
    var result = ""
    let characters = Array(name)
    for (index, character) in characters.enumerated() {
      let follows = index > 0 && character.isUppercase
      let next = index + 1 < characters.count ? characters[index + 1] : nil
      if follows, characters[index - 1].isLowercase || next?.isLowercase == true { result += "_" }
      result += character.lowercased()
    }
    return result
  }

  /// Whether the model does not train a variable, which then needs no state.
  private static func isUntrained(_ parameter: String, _ model: LoadedModel) -> Bool {
    let specs = (try? model.network.parameterSpecs()) ?? []
    return specs.first { $0.name == parameter }.map { !($0.spec.trainable && $0.trainable) } ?? false
  }
}
