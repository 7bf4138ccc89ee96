import KerasGraph

/// Weights that never change in the orders that steps asked for, shared by the plans of one graph and of its parts.
///
/// Plans of a graph for different shapes number its nodes alike, so a value names the same weights in each. In a part
/// of a graph the same weights have another number.
struct PreparedWeights {
  private let store: WeightOrders
  /// The whole graph's values for those of a part; `nil` for the whole graph.
  private let origins: [Value: Value]?
  /// For a part's values that the whole does not have.
  private let own = WeightOrders()

  init() {
    store = WeightOrders()
    origins = nil
  }

  /// Those of a part of a graph; `origins` are the whole graph's weights by the part's.
  init(_ whole: PreparedWeights, ofPart origins: [Value: Value]) {
    store = whole.store
    self.origins = origins
  }

  private func place(_ value: Value) -> (WeightOrders, Value) {
    guard let origins else { return (store, value) }
    guard let origin = origins[value] else { return (own, value) }
    return (store, origin)
  }

  /// A constant as it is in the graph; kept only as long as some plan reads it in this form.
  func constant(
    _ value: Value, _ make: () throws(EngineError) -> FloatBuffer
  ) throws(EngineError) -> FloatBuffer {
    let (orders, value) = place(value)
    return try orders.constant(value, make)
  }

  func reordered(
    _ value: Value, _ wanted: MemoryDescriptor, _ make: () throws(EngineError) -> FloatBuffer
  ) throws(EngineError) -> FloatBuffer {
    let (orders, value) = place(value)
    return try orders.reordered(value, wanted, make)
  }

  func packed(_ part: PackedPart, _ make: () throws(EngineError) -> FloatBuffer) throws(EngineError) -> FloatBuffer {
    var part = part
    let orders: WeightOrders
    (orders, part.value) = place(part.value)
    return try orders.packed(part, make)
  }

  /// A part of an array in the order of an own kernel.
  struct PackedPart: Hashable {
    enum Form: Hashable {
      /// A matrix, or its transpose, for `kk_packed_product`.
      case matrix, transposedMatrix
      /// A kernel for `kk_winograd_convolution`, or turned for the gradient of its input.
      case winograd(turned: Bool)
    }
    var value: Value
    var form = Form.matrix
    var firstColumn = 0
    var columns: Int
  }
}

/// The orders of a graph's weights.
private final class WeightOrders {
  private final class Weak {
    weak var buffer: FloatBuffer?
    init(_ buffer: FloatBuffer) { self.buffer = buffer }
  }

  private var constants: [Value: Weak] = [:]
  private var reordered: [Value: [(descriptor: MemoryDescriptor, buffer: FloatBuffer)]] = [:]
  private var packed: [PreparedWeights.PackedPart: FloatBuffer] = [:]

  func constant(
    _ value: Value, _ make: () throws(EngineError) -> FloatBuffer
  ) throws(EngineError) -> FloatBuffer {
    if let known = constants[value]?.buffer { return known }
    let buffer = try make()
    constants[value] = Weak(buffer)
    return buffer
  }

  func reordered(
    _ value: Value, _ wanted: MemoryDescriptor, _ make: () throws(EngineError) -> FloatBuffer
  ) throws(EngineError) -> FloatBuffer {
    if let known = reordered[value]?.first(where: { $0.descriptor.isSame(as: wanted) }) { return known.buffer }
    let buffer = try make()
    reordered[value, default: []].append((wanted, buffer))
    return buffer
  }

  func packed(
    _ part: PreparedWeights.PackedPart, _ make: () throws(EngineError) -> FloatBuffer
  ) throws(EngineError) -> FloatBuffer {
    if let known = packed[part] { return known }
    let buffer = try make()
    packed[part] = buffer
    return buffer
  }
}
