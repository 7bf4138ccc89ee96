import CKernels
import KerasCore
import KerasGraph

/// A graph compiled for one set of concrete shapes: primitives, own kernels and one arena, ready to run again and again.
///
/// Running allocates nothing beyond what the convenience `run(_:)` hands out. Not safe to use from several threads at
/// once.
public final class Plan {
  /// What one step does, for profiles.
  public struct StepDescription: Sendable, Hashable {
    /// The operations, joined by `+` where they run as one.
    public var name: String
    /// The layer.
    public var scope: String
    /// oneDNN's name of the implementation, or `own`.
    public var implementation: String
    /// Floating-point operations of products and convolutions.
    public var work: Double
    /// Bytes that it only brings elsewhere or into another order.
    public var movedBytes: Int
  }

  /// The types of the outputs, in the graph's order.
  public let outputTypes: [TensorType]
  /// Inputs' names and types.
  public let inputTypes: [(name: String, type: TensorType)]
  /// Bytes of the memory shared by intermediate results.
  public let arenaByteCount: Int
  /// Bytes of all memory the plan has reserved: the arena, inputs, scratch and its own orders of weights, but not the
  /// parameters themselves.
  public let reservedByteCount: Int
  /// Bytes of the weights that the plan's steps read, each order of them counted; plans of one executor share most.
  public let weightByteCount: Int
  /// The key of random operations; runs with the same seed from the same start draw the same numbers.
  public var seed: UInt64 {
    get { state.seed }
    set {
      state.seed = newValue
      state.run = 0
    }
  }

  /// Floating-point operations of one run's products and convolutions.
  public let work: Double
  /// Threads that a run uses at most.
  public var threadCount: Int { Int(threads) }

  private let threads: Int32
  private let steps: [Step]
  private let state: RunState
  private let inputs: [String: FloatBuffer]
  private let wideInputs: Set<String>
  private let outputs: [UnsafeMutablePointer<Float>]
  /// What the steps point into.
  private let retained: [AnyObject]

  /// Compiles a specialised graph whose outputs say what is computed.
  ///
  /// With `mutableParameters` the store's arrays may change between runs; otherwise whatever depends on them alone is
  /// computed now. Without `fusing` every operation is a step of its own: slower, for comparison. Throws `EngineError`
  /// for unknown shapes, missing or misshapen parameters, and operations that cannot be done.
  public convenience init(
    _ graph: Graph, parameters: ParameterStore, mutableParameters: Bool = false, options: EngineOptions = .init(),
    fusing: Bool = true
  ) throws(EngineError) {
    try self.init(
      graph, parameters: parameters, mutableParameters: mutableParameters, options: options, fusing: fusing,
      sharedWeights: PreparedWeights())
  }

  /// `sharedWeights` must belong to specialisations of one graph with the same constant parameters.
  init(
    _ graph: Graph, parameters: ParameterStore, mutableParameters: Bool, options: EngineOptions, fusing: Bool,
    sharedWeights: PreparedWeights
  ) throws(EngineError) {
    work = graph.work
    threads = Int32(clamping: options.threads(forWork: work))
    kk_set_threads(threads)
    let compiler = try PlanCompiler(
      graph, parameters: parameters, mutableParameters: mutableParameters, precision: options.precision,
      fusing: fusing, sharedWeights: sharedWeights)
    steps = compiler.steps
    state = compiler.state
    inputs = compiler.inputs
    wideInputs = compiler.concrete.wideInputs
    retained = compiler.retained
    arenaByteCount = compiler.arenaCount * 4
    var buffers: [ObjectIdentifier: Int] = [:]
    for case let buffer as FloatBuffer in compiler.retained + Array(compiler.inputs.values) {
      buffers[ObjectIdentifier(buffer)] = buffer.count * 4
    }
    weightByteCount = compiler.weightBuffers.reduce(0) { $0 + (buffers[$1] ?? 0) }
    for parameter in compiler.parameterBuffers { buffers[parameter] = nil }
    reservedByteCount = buffers.values.reduce(0, +)
    outputTypes = graph.outputs.map { graph.type($0) }
    var types: [(String, TensorType)] = []
    for name in graph.inputNames {
      if let value = graph.input(named: name) { types.append((name, graph.type(value))) }
    }
    inputTypes = types
    var pointers: [UnsafeMutablePointer<Float>] = []
    for value in graph.outputs { pointers.append(try compiler.pointer(value)) }
    outputs = pointers
  }

  public var stepDescriptions: [StepDescription] {
    steps.map {
      StepDescription(
        name: $0.name, scope: $0.scope, implementation: $0.implementation, work: $0.work,
        movedBytes: $0.movedBytes)
    }
  }

  /// Gives the memory of an input to be filled: floats, int32 for integers, and floats 0 or 1 for bool.
  public func withInput<Result>(
    _ name: String, _ body: (UnsafeMutableRawBufferPointer) -> Result
  ) throws(EngineError) -> Result {
    guard let buffer = inputs[name] else { throw EngineError(.noSuch("input '\(name)'")) }
    return body(UnsafeMutableRawBufferPointer(start: buffer.pointer, count: buffer.count * 4))
  }

  /// Forgets the strings and the integers beyond 32 bits that `setInput` gave, before the next are given.
  public func forgetInputs() {
    state.strings = state.constantStrings
    state.wideIntegers = [:]
  }

  /// Fills an input of strings, in C order.
  public func setInput(_ name: String, strings: some Collection<String>) throws(EngineError) {
    guard inputs[name]?.count == strings.count else {
      throw EngineError(.noSuch("input '\(name)' of \(strings.count)"))
    }
    try withInput(name) { target in
      for (index, text) in strings.enumerated() {
        target.storeBytes(of: state.strings.number(text), toByteOffset: index * 4, as: Int32.self)
      }
    }
  }

  /// Fills an input of integers, in C order; all 64 bits reach lookups, hashes and crosses.
  ///
  /// Throws `EngineError.integerOutOfRange` for a number beyond 32 bits if the input is computed with.
  public func setInput(_ name: String, integers: [Int64]) throws(EngineError) {
    guard inputs[name]?.count == integers.count else {
      throw EngineError(.noSuch("input '\(name)' of \(integers.count)"))
    }
    if let beyond = integers.first(where: { Int32(exactly: $0) == nil }) {
      guard wideInputs.contains(name) else { throw EngineError(.integerOutOfRange("\(beyond)"), scope: name) }
      state.wideIntegers[name] = integers
    }
    try withInput(name) { target in
      for (index, number) in integers.enumerated() {
        target.storeBytes(of: Int32(clamping: number), toByteOffset: index * 4, as: Int32.self)
      }
    }
  }

  /// Gives the memory of an output after `execute`, in the same form as inputs; it is overwritten by the next run.
  public func withOutput<Result>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(EngineError) -> Result {
    guard outputs.indices.contains(index) else { throw EngineError(.noSuch("output number \(index)")) }
    let count = outputTypes[index].shape.elementCount ?? 0
    return body(UnsafeRawBufferPointer(start: outputs[index], count: count * 4))
  }

  /// Runs all steps on what the inputs hold.
  ///
  /// Throws `EngineError.indexOutOfRange` for a gather outside its table, or what oneDNN reports.
  public func execute() throws(EngineError) {
    kk_set_threads(threads)
    for step in steps { try step.run() }
    state.run &+= 1
  }

  /// Runs all steps and gives each one's duration in seconds, in the order of `stepDescriptions`.
  public func profile() throws(EngineError) -> [Double] {
    kk_set_threads(threads)
    let clock = ContinuousClock()
    var durations: [Double] = []
    durations.reserveCapacity(steps.count)
    for step in steps {
      let start = clock.now
      try step.run()
      let (seconds, attoseconds) = (clock.now - start).components
      durations.append(Double(seconds) + Double(attoseconds) * 1e-18)
    }
    state.run &+= 1
    return durations
  }

  /// Copies the inputs in, runs, and copies the outputs out.
  ///
  /// Throws `EngineError.missingInput`, `inputShape` or `integerOutOfRange` besides what `execute` throws.
  public func run(_ data: [String: TensorData]) throws(EngineError) -> [TensorData] {
    forgetInputs()
    for (name, type) in inputTypes {
      guard var array = data[name] else { throw EngineError(.missingInput(name)) }
      guard let buffer = inputs[name] else { continue }
      guard Shape(array.shape) == type.shape else {
        throw EngineError(.inputShape(name: name, expected: type.shape, found: Shape(array.shape)))
      }
      if type.dtype == .string, array.dtype != .string {
        throw EngineError(.data(.numeric(shape: array.shape)))
      }
      if type.dtype.isInteger {
        state.wideIntegers[name] = try array.wideIntegers(forInput: name, wide: wideInputs.contains(name))
      }
      do {
        if type.dtype == .string { array = try TensorData(shape: array.shape, int32s: numbers(array.strings)) }
        let converted = type.dtype == .bool ? try array.converted(to: .bool) : array
        try converted.copyElements(to: buffer.pointer, count: buffer.count, asInt: type.dtype.isHeldAsInt)
      } catch {
        throw EngineError(.data(error))
      }
    }
    try execute()
    var results: [TensorData] = []
    for (pointer, type) in zip(outputs, outputTypes) {
      do {
        let shape = type.shape.concrete ?? []
        let array = try TensorData(engine: pointer, dtype: type.dtype, shape: shape)
        results.append(
          type.dtype == .string
            ? try TensorData(shape: shape, strings: texts(array.int32s())) : array)
      } catch {
        throw EngineError(.data(error))
      }
    }
    return results
  }

  private func numbers(_ texts: [String]) -> [Int32] { texts.map { state.strings.number($0) } }

  private func texts(_ numbers: [Int32]) -> [String] { numbers.map { state.strings.text($0) } }
}
