import CKernels
import KerasCore

/// A fixed block of floats (or of int32 in their place), aligned to cache lines.
final class FloatBuffer {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  /// Zeros, if not said otherwise; throws `EngineError.outOfMemory`.
  ///
  /// Only what is filled as a whole before it is read need not be zeroed: new memory takes longer to be had than to be
  /// filled.
  init(count: Int, isZeroed: Bool = true) throws(EngineError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 4)
    guard !overflow, bytes >= 0, let raw = kk_allocate(bytes, isZeroed ? 1 : 0) else {
      throw EngineError(.outOfMemory(elements: count))
    }
    self.count = count
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { kk_free(pointer, count * 4) }

  /// Holds an array's elements as the engine does.
  convenience init(holding data: TensorData) throws(EngineError) {
    try self.init(count: data.elementCount, isZeroed: false)
    do {
      try data.copyElements(to: pointer, count: count)
    } catch {
      throw EngineError(.data(error))
    }
  }
}

extension DType {
  /// How the engine holds elements of this type.
  var isHeldAsInt: Bool { isInteger || self == .string }
}

extension TensorData {
  /// Writes the elements as the engine holds them.
  func copyElements(to target: UnsafeMutablePointer<Float>, count: Int, asInt: Bool? = nil) throws(TensorDataError) {
    guard count == elementCount else { throw .sizeMismatch(dtype: dtype, shape: shape, found: count) }
    if asInt ?? dtype.isHeldAsInt {
      let values = try int32s()
      values.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: source)
      }
    } else if dtype == .float32 {
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: source)
      }
    } else {
      let values = try floats()
      values.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: target, count: count * 4).copyMemory(from: source)
      }
    }
  }

  /// Gives `body` the elements as the engine holds them: in place if they are so already, else a copy.
  func withEngineElements<Result>(
    asInt: Bool, _ body: (UnsafeMutablePointer<Float>) throws(EngineError) -> Result
  ) throws(EngineError) -> Result {
    if !asInt, dtype == .float32 {
      var failure: EngineError?
      let inPlace: Result? = bytes.withUnsafeBytes { source in
        guard let base = source.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 else {
          return nil
        }
        do throws(EngineError) {
          return try body(UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: Float.self)))
        } catch {
          failure = error
          return nil
        }
      }
      if let failure { throw failure }
      if let inPlace { return inPlace }
    }
    let copy = try FloatBuffer(count: elementCount, isZeroed: false)
    do {
      try copyElements(to: copy.pointer, count: copy.count, asInt: asInt)
    } catch {
      throw EngineError(.data(error))
    }
    defer { withExtendedLifetime(copy) {} }
    return try body(copy.pointer)
  }

  /// The elements that the engine holds at `source`, as an array of the given type (float32, int32 or bool).
  init(engine source: UnsafeMutablePointer<Float>, dtype: DType, shape: [Int]) throws(TensorDataError) {
    guard let count = checkedProduct(shape) else { throw .sizeMismatch(dtype: dtype, shape: shape, found: 0) }
    let raw = UnsafeRawBufferPointer(start: source, count: count * 4)
    if dtype == .bool {
      let values = UnsafeBufferPointer(start: source, count: count).map { $0 != 0 ? UInt8(1) : 0 }
      try self.init(dtype: .bool, shape: shape, bytes: values)
    } else {
      try self.init(dtype: dtype.isHeldAsInt ? .int32 : .float32, shape: shape, bytes: Array(raw))
    }
  }
}
