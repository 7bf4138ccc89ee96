import KerasCore
import KerasModel

extension OptimizerState {
  /// The state that a file holds of the optimizer it names; `nil` if it holds none.
  ///
  /// Throws `Unreadable` for an optimizer that is not known here, or arrays that are not its own.
  public static func stored(in model: LoadedModel) throws(Unreadable) -> OptimizerState? {
    guard !model.optimizerArrays.isEmpty, let config = model.canonical.compile?["optimizer"], !config.isNull else {
      return nil
    }
    let optimizer: Optimizer
    do {
      optimizer = try Optimizer(config, semantics: model.semantics)
    } catch {
      throw Unreadable(description: "\(error)")
    }
    return try OptimizerState(model, form: optimizer.form)
  }

  /// The slots in the types of their variables, as Keras makes them.
  public func stored(like weights: [String: TensorData]) throws(TrainingError) -> OptimizerState {
    var result = self
    for (slot, arrays) in slots {
      for (name, array) in arrays {
        guard let dtype = weights[name]?.dtype, dtype.isFloatingPoint, dtype != array.dtype else { continue }
        result.slots[slot]?[name] = try dataStep { () throws(TensorDataError) in try array.converted(to: dtype) }
      }
    }
    return result
  }
}
