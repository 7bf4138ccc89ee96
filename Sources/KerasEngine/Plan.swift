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
  /// For how many samples the layers with much between them are computed at a time; `nil` if for the whole batch.
  public var samplesAtOnce: Int? { prefix?.size }
  /// Threads that a run uses at most.
  public var threadCount: Int { Int(threads) }
  /// What is computed twice so that the plan fits into the memory it may have; `nil` if nothing is.
  public internal(set) var recomputation: RecomputationSummary?

  /// Bytes of the arena, inputs and constants, which are known before primitives are made.
  let plannedByteCount: Int
  /// Bytes by buffer of what `reservedByteCount` counts; plans that share weights share buffers.
  let reserved: [ObjectIdentifier: Int]
  private let threads: Int32
  /// What is computed for a few samples at a time before the steps.
  private let prefix: SlicedPrefix?
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

  /// A plan whose first part runs in slices; `inputNames` are those of the undivided graph.
  convenience init(
    _ slicing: SampleSlicing, inputTypes: [(name: String, type: TensorType)], parameters: ParameterStore,
    options: EngineOptions, batch: Int, size: Int
  ) throws(EngineError) {
    let threads = options.threads(forWork: slicing.workPerSample * Double(batch))
    var types: [String: TensorType] = [:]
    for (name, type) in inputTypes { types[name] = type }
    for (name, row) in zip(slicing.split.names, slicing.split.rowShapes) {
      guard let value = slicing.split.rest.input(named: name) else { continue }
      types[name] = TensorType(slicing.split.rest.type(value).dtype, Shape([batch] + row.dimensions))
    }
    let rest: Graph
    do {
      rest = try slicing.split.rest.specialized(inputs: types)
    } catch {
      throw EngineError(.graph(error))
    }
    try self.init(
      rest, parameters: parameters, mutableParameters: false,
      options: EngineOptions(threads: threads, precision: options.precision), fusing: true,
      sharedWeights: slicing.restWeights, inputTypes: inputTypes
    ) { buffers throws(EngineError) in
      func batchOf(_ name: String, in graph: Graph) throws(EngineError) -> SlicedPrefix.Batch {
        guard let count = types[name]?.shape.elementCount else { throw EngineError(.missingInput(name)) }
        let buffer: FloatBuffer
        if let known = buffers[name] {
          buffer = known
        } else {
          buffer = try FloatBuffer(count: count)
          buffers[name] = buffer
        }
        return SlicedPrefix.Batch(buffer: buffer, floatsPerSample: count / batch)
      }
      var sources: [(name: String, batch: SlicedPrefix.Batch)] = []
      for name in slicing.split.prefix.inputNames {
        sources.append((name, try batchOf(name, in: slicing.split.prefix)))
      }
      var results: [SlicedPrefix.Batch] = []
      for name in slicing.split.names { results.append(try batchOf(name, in: slicing.split.rest)) }
      return try SlicedPrefix(
        slicing, parameters: parameters, options: options, batch: batch, size: size, threads: threads, inputs: sources,
        outputs: results)
    }
  }

  /// `sharedWeights` must belong to specialisations of one graph with the same constant parameters.
  ///
  /// `units` are the graph's, possibly some of them twice. Throws `EngineError.memoryLimit` where `plannedByteCount` is more.
  init(
    _ graph: Graph, parameters: ParameterStore, mutableParameters: Bool, options: EngineOptions, fusing: Bool,
    sharedWeights: PreparedWeights, inputTypes ofWhole: [(name: String, type: TensorType)]? = nil,
    units: UnitSequence? = nil, memoryLimit: Int? = nil,
    slicedPrefix: ((inout [String: FloatBuffer]) throws(EngineError) -> SlicedPrefix)? = nil
  ) throws(EngineError) {
    let work = graph.work
    threads = Int32(clamping: options.threads(forWork: work))
    kk_set_threads(threads)
    // What depends on parameters alone is computed here.
    let mode = kk_flush_subnormals()
    defer { kk_restore_subnormals(mode) }
    let sequence = if let units { units } else { try UnitSequence(graph, fusing: fusing, threads: Int(threads)) }
    let compiler = try PlanCompiler(
      sequence, parameters: parameters, mutableParameters: mutableParameters, options: options,
      sharedWeights: sharedWeights, memoryLimit: memoryLimit)
    steps = compiler.steps
    state = compiler.state
    var inputs = compiler.inputs
    prefix = try slicedPrefix?(&inputs)
    self.inputs = inputs
    self.work = work + (prefix?.stepDescriptions.reduce(0) { $0 + $1.work } ?? 0)
    wideInputs = compiler.concrete.wideInputs
    retained = compiler.retained
    arenaByteCount = compiler.arenaCount * 4 + (prefix?.arenaByteCount ?? 0)
    plannedByteCount = compiler.plannedByteCount
    var buffers: [ObjectIdentifier: Int] = [:]
    for case let buffer as FloatBuffer in compiler.retained + Array(inputs.values) {
      buffers[ObjectIdentifier(buffer)] = buffer.count * 4
    }
    weightByteCount = compiler.weightBuffers.reduce(prefix?.weightByteCount ?? 0) { $0 + (buffers[$1] ?? 0) }
    for parameter in compiler.parameterBuffers { buffers[parameter] = nil }
    reserved = buffers.merging(prefix?.reserved ?? [:]) { own, _ in own }
    reservedByteCount = reserved.values.reduce(0, +)
    outputTypes = graph.outputs.map { graph.type($0) }
    var types: [(String, TensorType)] = []
    for name in graph.inputNames {
      if let value = graph.input(named: name) { types.append((name, graph.type(value))) }
    }
    inputTypes = ofWhole ?? types
    var pointers: [UnsafeMutablePointer<Float>] = []
    for value in compiler.concrete.graph.outputs { pointers.append(try compiler.pointer(value)) }
    outputs = pointers
  }

  public var stepDescriptions: [StepDescription] {
    (prefix?.stepDescriptions ?? [])
      + steps.map {
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

  /// Runs all steps on what the inputs hold; numbers below 1.2e-38, the smallest normal one, count as 0, as in
  /// TensorFlow (recorded with Keras 2.2.4 and 3.15.1).
  ///
  /// Throws `EngineError.indexOutOfRange` for a gather outside its table, or what oneDNN reports.
  public func execute() throws(EngineError) {
    try prefix?.run()
    kk_set_threads(threads)
    let mode = kk_flush_subnormals()
    defer { kk_restore_subnormals(mode) }
    for step in steps { try step.run() }
    state.run &+= 1
  }

  /// Runs all steps and gives each one's duration in seconds, in the order of `stepDescriptions`.
  public func profile() throws(EngineError) -> [Double] {
    var durations = try prefix?.profile() ?? []
    kk_set_threads(threads)
    let mode = kk_flush_subnormals()
    defer { kk_restore_subnormals(mode) }
    let clock = ContinuousClock()
    durations.reserveCapacity(durations.count + steps.count)
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
