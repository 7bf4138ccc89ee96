import KerasCore

/// The parameters that never change: which there are, and their elements when a pass computes with them.
public struct KnownParameters: Sendable {
  /// A parameter that a pass made of another one; its elements are computed each time they are read.
  public struct Derived: Sendable {
    public var name: String
    public var shape: [Int]
    public var read: @Sendable () -> TensorData?
  }

  private let shapes: [String: [Int]]
  private let reader: @Sendable (String) -> TensorData?
  private let made: Locked<[Derived]>?

  /// Kernels up to so many elements become constants.
  private static let smallCount = 4096

  /// Of arrays in memory; texts are none.
  public init(_ arrays: [String: TensorData]) {
    shapes = arrays.filter { $0.value.dtype != .string }.mapValues(\.shape)
    reader = { arrays[$0] }
    made = nil
  }

  /// Of arrays of numbers that `read` gives each time a pass needs one; `nil` leaves it a parameter.
  ///
  /// Large kernels with something folded into them become parameters too, `derived`, rather than constants that would
  /// stay in memory with the graph.
  public init(shapes: [String: [Int]], read: @escaping @Sendable (String) -> TensorData?) {
    self.shapes = shapes
    reader = read
    made = Locked([])
  }

  /// What passes made of parameters so far.
  public var derived: [Derived] { made?.withLock { $0 } ?? [] }

  func shape(_ name: String) -> [Int]? { shapes[name] ?? derived(name)?.shape }

  func data(_ name: String) -> TensorData? {
    guard let shape = shape(name), let data = derived(name)?.read() ?? reader(name), data.shape == shape,
      data.dtype != .string
    else { return nil }
    return data
  }

  private func derived(_ name: String) -> Derived? {
    guard let made, name.hasPrefix(Self.prefix) else { return nil }
    return made.withLock { all in all.first { $0.name == name } }
  }

  /// Adds a float32 array of the given shape to a graph: as a parameter if it is large and that is wanted, else as a
  /// constant; `nil` if it cannot be had.
  func add(
    _ shape: [Int], to graph: inout Graph, _ make: @escaping @Sendable () -> TensorData?
  ) -> Value? {
    guard let made, (checkedProduct(shape) ?? 0) > Self.smallCount else { return make().map { graph.addConstant($0) } }
    let name = made.withLock { all in
      all.append(Derived(name: "\(Self.prefix)\(all.count)", shape: shape, read: make))
      return all[all.count - 1].name
    }
    return graph.addParameter(name, TensorType(.float32, Shape(shape)))
  }

  /// No parameter of a model is called so.
  private static let prefix = "keraskit>derived "
}

extension Graph {
  /// The shape of a value that is a constant of numbers or a parameter among those given.
  func knownShape(_ value: Value, _ parameters: KnownParameters) -> [Int]? {
    switch nodes[value.node].op {
    case .constant(let data): return data.dtype == .string ? nil : data.shape
    case .parameter(let name):
      guard let shape = parameters.shape(name), nodes[value.node].types[0].shape.accepts(shape) else { return nil }
      return shape
    default: return nil
    }
  }

  /// The elements of such a value.
  func knownData(_ value: Value, _ parameters: KnownParameters) -> TensorData? {
    guard knownShape(value, parameters) != nil else { return nil }
    return switch nodes[value.node].op {
    case .constant(let data): data
    case .parameter(let name): parameters.data(name)
    default: nil
    }
  }
}
