import KerasCore

/// Named float32 arrays that plans read in place: a model's weights and variables.
///
/// Not safe to use from several threads at once, like the plans that share it.
public final class ParameterStore {
  private final class Entry {
    let buffer: FloatBuffer
    let shape: [Int]

    init(_ data: TensorData) throws(EngineError) {
      shape = data.shape
      buffer = try FloatBuffer(count: data.elementCount)
      try fill(from: data)
    }

    func fill(from data: TensorData) throws(EngineError) {
      do {
        try data.copyElements(to: buffer.pointer, count: buffer.count, asInt: false)
      } catch {
        throw EngineError(.data(error))
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
    if let entry = entries[name], entry.shape == data.shape {
      try entry.fill(from: data)
    } else {
      entries[name] = try Entry(data)
    }
  }

  /// A copy of an array; throws `EngineError.missingParameter`.
  public func data(_ name: String) throws(EngineError) -> TensorData {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    do {
      return try TensorData(engine: entry.buffer.pointer, dtype: .float32, shape: entry.shape)
    } catch {
      throw EngineError(.data(error))
    }
  }

  /// Gives the floats of an array to be changed in place; throws `EngineError.missingParameter`.
  public func withMutableFloats<Result>(
    _ name: String, _ body: (UnsafeMutableBufferPointer<Float>) -> Result
  ) throws(EngineError) -> Result {
    guard let entry = entries[name] else { throw EngineError(.missingParameter(name)) }
    version += 1
    return body(UnsafeMutableBufferPointer(start: entry.buffer.pointer, count: entry.buffer.count))
  }

  func buffer(_ name: String) -> FloatBuffer? { entries[name]?.buffer }
}
