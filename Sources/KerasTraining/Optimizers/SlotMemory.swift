import KerasModel

/// The arrays an optimizer keeps for one variable.
final class SlotMemory {
  /// In the order of the slots; those the variable does not have are of no element.
  let pointers: [UnsafeMutablePointer<Float>]
  let counts: [Int]
  let shape: [Int]

  /// Arrays as they are before the first step; `weights` are the variable's numbers now.
  init(_ slots: [OptimizerSlot], name: String, shape: [Int], weights: UnsafePointer<Float>?) {
    self.shape = shape
    let size = shape.reduce(1, *)
    var pointers: [UnsafeMutablePointer<Float>] = []
    var counts: [Int] = []
    for slot in slots {
      let count = slot.belongs(to: name, shape: shape) ? slot.shape(for: shape).reduce(1, *) : 0
      let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
      switch slot.start {
      case .value(let value): pointer.initialize(repeating: value, count: max(count, 1))
      case .weights:
        pointer.initialize(repeating: 0, count: max(count, 1))
        if let weights, count == size { pointer.update(from: weights, count: count) }
      }
      pointers.append(pointer)
      counts.append(count)
    }
    self.pointers = pointers
    self.counts = counts
  }

  deinit {
    for pointer in pointers { pointer.deallocate() }
  }
}
