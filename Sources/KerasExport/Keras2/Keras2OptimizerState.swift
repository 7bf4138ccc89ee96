import KerasCore
import KerasModel

/// An optimizer's variables as tf.keras 2.15 saves them: the step count, then the slots' arrays of the trained variables.
///
/// No learning rate is among them, and Nadam's momentum schedule begins anew; into a LossScaleOptimizer none is loaded
/// (keras/src/optimizers of 2.15.0; measured on saved files).
struct Keras2OptimizerState {
  /// By the names of `weight_names`.
  let arrays: [(name: String, tensor: TensorData)]

  /// `nil` if the model has no state; throws why one is not written.
  init?(
    _ model: LoadedModel, compile: JSON, variables: [Keras3Model.Variable], names: [String], rewritten: RewrittenModel
  ) throws(Keras3OptimizerState.Lost) {
    guard let state = try Keras3OptimizerState.carried(model, compile: compile, variables: variables, rewritten)
    else { return nil }
    guard state.form.parts.count == 1, let part = state.form.parts.first else {
      throw .init(reason: "tf.keras 2.15 has one optimizer")
    }
    guard !state.form.scalesLoss else {
      throw .init(reason: "tf.keras 2.15 saves it, but does not load it into a LossScaleOptimizer")
    }
    if part.className == "Nadam" {
      throw .init(reason: "tf.keras 2.15 does not save where Nadam's momentum schedule is")
    }
    var arrays: [(name: String, tensor: TensorData)] = []
    do {
      arrays.append(("iteration:0", try TensorData(shape: [], int64s: [Int64(state.iterations)])))
      let trained = zip(names, variables).filter { $1.trainable }
      for group in part.groups {
        for (name, variable) in trained {
          for slot in group where slot.belongs(to: variable.name, shape: variable.tensor.shape) {
            let array = try state.array(slot, of: variable.name, weight: variable.tensor)
            guard array.shape == slot.shape(for: variable.tensor.shape) else {
              throw Keras3OptimizerState.Lost(reason: "the shape of '\(variable.name)' has changed")
            }
            arrays.append(("\(part.className)/\(slot.name)/\(name):0", array))
          }
        }
      }
      // SGD has velocities without momentum too.
      if part.className == "SGD", !part.slots.contains(where: { $0.name.contains("moment") }) {
        for (name, variable) in trained {
          let count = variable.tensor.elementCount
          let zeros = try TensorData(shape: variable.tensor.shape, floats: [Float](repeating: 0, count: count))
          arrays.append(("SGD/m/\(name):0", zeros))
        }
      }
    } catch let error as Keras3OptimizerState.Lost {
      throw error
    } catch {
      throw .init(reason: "\(error)")
    }
    self.arrays = arrays
  }
}
