import KerasCore

/// A parameter whose elements lie elsewhere, in a file say, and are read each time a plan brings them into its own order.
public struct UnreadParameter: Sendable {
  public var shape: [Int]
  /// All elements, in any type of numbers.
  public var read: @Sendable () throws -> TensorData
  /// Fills memory with float32 elements from that byte of them on; `nil` where they can only be read as a whole.
  public var readPart: (@Sendable (_ start: Int, _ target: UnsafeMutableRawBufferPointer) throws -> Void)?

  public init(
    shape: [Int], read: @escaping @Sendable () throws -> TensorData,
    readPart: (@Sendable (_ start: Int, _ target: UnsafeMutableRawBufferPointer) throws -> Void)? = nil
  ) {
    self.shape = shape
    self.read = read
    self.readPart = readPart
  }
}

/// Named float32 arrays that plans read in place: a model's weights and variables.
///
/// Not safe to use from several threads at once, like the plans that share it.
public final class ParameterStore {
  private final class Entry {
    let shape: [Int]
    /// Where the elements come from, for as long as nothing changes them.
    private(set) var source: UnreadParameter?
    private var held: FloatBuffer?
    /// What some plan holds as it is.
    private weak var borrowed: FloatBuffer?

    init(_ data: TensorData) throws(EngineError) {
      shape = data.shape
      held = try FloatBuffer(count: data.elementCount, isZeroed: false)
      try fill(from: data)
    }

    init(_ source: UnreadParameter) {
      shape = source.shape
      self.source = source
    }

    /// Writes new elements where plans see them; false if there is no such place yet.
    func refill(from data: TensorData) throws(EngineError) -> Bool {
      guard held != nil else { return false }
      try fill(from: data)
      return true
    }

    private func fill(from data: TensorData) throws(EngineError) {
      guard let held else { return }
      do {
        try data.copyElements(to: held.pointer, count: held.count, asInt: false)
      } catch {
        throw EngineError(.data(error))
      }
    }

    /// The elements as they are, for as long as the caller keeps them.
    func buffer(_ name: String) throws(EngineError) -> FloatBuffer {
      if let buffer = held ?? borrowed { return buffer }
      guard let count = checkedProduct(shape) else { throw EngineError(.missingParameter(name)) }
      let buffer = try FloatBuffer(count: count, isZeroed: false)
      if let readPart = source?.readPart {
        try Self.reading(name) {
          try readPart(0, UnsafeMutableRawBufferPointer(start: buffer.pointer, count: count * 4))
        }
      } else {
        let data = try data(name)
        do {
          try data.copyElements(to: buffer.pointer, count: count, asInt: false)
        } catch {
          throw EngineError(.data(error))
        }
      }
      borrowed = buffer
      return buffer
    }

    /// The elements to be changed in place: from now on the store holds them.
    func ownBuffer(_ name: String) throws(EngineError) -> FloatBuffer {
      let buffer = try buffer(name)
      held = buffer
      source = nil
      return buffer
    }

    func data(_ name: String) throws(EngineError) -> TensorData {
      guard let source else { throw EngineError(.missingParameter(name)) }
      let data = try Self.reading(name, source.read)
      guard data.shape == shape else {
        throw EngineError(.parameterShape(name: name, expected: Shape(shape), found: Shape(data.shape)))
      }
      return data
    }

    static func reading<Result>(_ name: String, _ body: () throws -> Result) throws(EngineError) -> Result {
      do {
        return try body()
      } catch {
        throw EngineError(.unreadableParameter(name, reason: "\(error)"))
      }
    }
  }

  private var entries: [String: Entry] = [:]
  /// Counts the changes made through `set` and `withMutableFloats`.
  public private(set) var version = 0

  public init() {}

  public var names: [String] { entries.keys.sorted() }

  public func contains(_ name: String) -> Bool { entries[name] != nil }

  public func shape(_ name: String) -> [Int]? { entries[name]?.shape }

  /// Stores an array, converted to float32; in place if one of the same shape is there, so that existing plans see it.
  ///
  /// Throws `EngineError` for strings. Plans with constant parameters made before keep the old values.
  public func set(_ name: String, _ data: TensorData) throws(EngineError) {
    version += 1
    if let entry = entries[name], entry.shape == data.shape, try entry.refill(from: data) { return }
    entries[name] = try Entry(data)
  }

  /// Has plans read an array when they need it; a plan with constant parameters holds no more of it than its own order.
  public func set(_ name: String, _ parameter: UnreadParameter) {
    version += 1
    entries[name] = Entry(parameter)
  }

  /// A copy of an array; throws `EngineError.missingParameter`, or `.unreadableParameter`.
  public func data(_ name: String) throws(EngineError) -> TensorData {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    let buffer = try entry.buffer(name)
    do {
      return try TensorData(engine: buffer.pointer, dtype: .float32, shape: entry.shape)
    } catch {
      throw EngineError(.data(error))
    }
  }

  /// Gives the floats of an array to be changed in place; throws as `data` does.
  public func withMutableFloats<Result>(
    _ name: String, _ body: (UnsafeMutableBufferPointer<Float>) -> Result
  ) throws(EngineError) -> Result {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    version += 1
    let buffer = try entry.ownBuffer(name)
    return body(UnsafeMutableBufferPointer(start: buffer.pointer, count: buffer.count))
  }

  /// The elements for a plan to read in place: those that changes reach if `isMutable`.
  func buffer(_ name: String, isMutable: Bool) throws(EngineError) -> FloatBuffer {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    return try isMutable ? entry.ownBuffer(name) : entry.buffer(name)
  }

  /// Where the elements can be read from; `nil` if the store itself holds them.
  func source(_ name: String) -> UnreadParameter? { entries[name]?.source }

  /// All elements of a parameter that is not held; throws as `data` does.
  func unread(_ name: String) throws(EngineError) -> TensorData {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    return try entry.data(name)
  }

  /// Reads a part of a parameter, with errors that name it.
  static func reading<Result>(_ name: String, _ body: () throws -> Result) throws(EngineError) -> Result {
    try Entry.reading(name, body)
  }
}
