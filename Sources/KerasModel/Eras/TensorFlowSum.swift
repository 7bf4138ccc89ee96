import KerasCore
import KerasGraph

/// What `keras.ops.add` makes of two tensors on TensorFlow, from Keras 3.7 on (`backend/tensorflow/numpy.py`; measured with
/// 3.15.1, fixtures/bias_axis.json).
///
/// It takes a second operand with one axis longer than 1 for a bias, if the first operand's last or second axis is as long,
/// and adds it along that one, the last first, wherever the long axis lies.
public enum TensorFlowSum {
  /// Whether it is their sum, for known sizes.
  public static func isSum(_ first: [Int], _ second: [Int]) -> Bool {
    let long = second.indices.filter { second[$0] > 1 }
    guard first.count > 1, long.count == 1 else { return true }
    let size = second[long[0]]
    guard first[1] == size || first[first.count - 1] == size else { return true }
    let axis = first[first.count - 1] == size ? first.count - 1 : 1
    return axis == long[0] + first.count - second.count
  }

  /// Whether it is their sum, whatever sizes the open axes come to.
  public static func isSum(_ first: Shape, _ second: Shape) -> Bool {
    // Of equal shapes the long axis lies where it is added.
    guard first != second, first.rank > 1 else { return true }
    let long = second.dimensions.indices.filter { second[$0] != 1 }
    let known = long.filter { second[$0] != nil }
    guard !long.isEmpty, known.count < 2 else { return true }
    let compared = [first[1], first[first.rank - 1]]
    guard let only = known.first, let size = second[only] else {
      // Open axes alone are as long as the batch happens to be.
      return compared.allSatisfy { $0 == 1 }
    }
    if !compared.contains(where: { $0 == nil || $0 == size }) { return true }
    // A bias as it should be.
    return only == second.rank - 1 && compared[1] == size && second.rank <= first.rank
  }
}
