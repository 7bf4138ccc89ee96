import KerasCore

/// A function of a program's own that the engine runs and the differentiation knows: what no composition of ops computes.
///
/// Arrays are in C order; engines keep the results in float32. The closures may run on any thread, and must give the same for the same.
public struct CustomFunction: Sendable, Hashable {
  /// An operand as a closure sees it.
  public struct Operand: Sendable {
    public var shape: [Int]
    public var values: [Double]

    public init(shape: [Int], values: [Double]) {
      self.shape = shape
      self.values = values
    }
  }

  /// The result's shape from those of the operands, in which `nil` is not known yet.
  public typealias ShapeRule = @Sendable ([Shape]) throws -> Shape
  /// The result's values.
  public typealias Forward = @Sendable ([Operand]) throws -> [Double]
  /// The gradient of each operand, `nil` for none, from the operands, the result and the result's gradient.
  public typealias Backward = @Sendable ([Operand], Operand, Operand) throws -> [[Double]?]

  /// For messages and profiles.
  public let name: String
  let shape: ShapeRule
  private let forward: Forward
  private let backward: Backward?
  private let identity: Identity

  /// Two values are the same function only if one is a copy of the other.
  private final class Identity: Sendable {}

  /// Without `shape` the result has the first operand's; without `backward` no gradient flows through.
  public init(
    _ name: String, shape: @escaping ShapeRule = { $0.first ?? .scalar }, forward: @escaping Forward,
    backward: Backward? = nil
  ) {
    self.name = name
    self.shape = shape
    self.forward = forward
    self.backward = backward
    identity = Identity()
  }

  public var isDifferentiable: Bool { backward != nil }

  public static func == (a: CustomFunction, b: CustomFunction) -> Bool { a.identity === b.identity }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(identity)) }

  /// The values of a result of that shape; throws `GraphError` for what the closure throws, and for a wrong count.
  public func result(_ operands: [Operand], shape: [Int]) throws(GraphError) -> [Double] {
    let values: [Double]
    do {
      values = try forward(operands)
    } catch {
      throw GraphError(.unsupported(op: name, reason: "\(error)"))
    }
    return try counted(values, shape)
  }

  /// Each operand's gradient; zeros where the closure gives none.
  public func gradients(
    _ operands: [Operand], result: Operand, gradient: Operand
  ) throws(GraphError) -> [[Double]] {
    guard let backward else { throw GraphError(.notDifferentiable(op: name)) }
    let given: [[Double]?]
    do {
      given = try backward(operands, result, gradient)
    } catch {
      throw GraphError(.unsupported(op: name, reason: "\(error)"))
    }
    guard given.count == operands.count else {
      throw GraphError(
        .unsupported(op: name, reason: "gave \(given.count) gradients for \(operands.count) operands"))
    }
    var all: [[Double]] = []
    for (values, operand) in zip(given, operands) {
      all.append(try counted(values ?? [Double](repeating: 0, count: operand.values.count), operand.shape))
    }
    return all
  }

  private func counted(_ values: [Double], _ shape: [Int]) throws(GraphError) -> [Double] {
    let count = shape.reduce(1, *)
    guard values.count == count else {
      throw GraphError(
        .unsupported(op: name, reason: "gave \(values.count) values where the shape \(Shape(shape)) has \(count)"))
    }
    return values
  }
}
