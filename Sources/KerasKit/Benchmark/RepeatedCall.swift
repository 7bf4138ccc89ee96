import KerasCore
import KerasEngine

/// One batch that runs again each time it is called: inputs copied in, outputs copied out, nothing allocated.
///
/// Meant for benchmarks and profiles.
struct RepeatedCall {
  let plan: Plan
  private let held: [(name: String, bytes: [UInt8])]
  private let results: [UnsafeMutableRawBufferPointer]
  private let owner: Owner

  private final class Owner {
    let buffers: [UnsafeMutableRawBufferPointer]
    init(_ buffers: [UnsafeMutableRawBufferPointer]) { self.buffers = buffers }
    deinit { for buffer in buffers { buffer.deallocate() } }
  }

  /// Runs once, which says whether the inputs fit.
  init(_ plan: Plan, _ inputs: [String: TensorData]) throws {
    self.plan = plan
    let first = try plan.run(inputs)
    held = try plan.inputTypes.compactMap { name, type -> (name: String, bytes: [UInt8])? in
      // Strings stay what the first run made of them.
      guard let array = inputs[name], array.dtype != .string else { return nil }
      return (name, try array.converted(to: type.dtype.isInteger ? .int32 : .float32).bytes)
    }
    results = first.map { .allocate(byteCount: max($0.elementCount, 1) * 4, alignment: 64) }
    owner = Owner(results)
  }

  func run() throws {
    try fill()
    try plan.execute()
    for index in results.indices { try plan.withOutput(index) { results[index].copyMemory(from: $0) } }
  }

  /// Runs and gives the duration of each of the plan's steps in seconds.
  func profile() throws -> [Double] {
    try fill()
    return try plan.profile()
  }

  private func fill() throws {
    for (name, bytes) in held {
      try plan.withInput(name) { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
    }
  }
}
