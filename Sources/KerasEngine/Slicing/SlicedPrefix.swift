import CKernels
import KerasCore
import KerasGraph

/// The first part of a divided graph, compiled for slices of a batch: one plan for each thread.
final class SlicedPrefix {
  /// A value of the whole batch, and the bytes of one sample in it.
  struct Batch {
    var buffer: FloatBuffer
    var floatsPerSample: Int
  }

  let inputs: [(name: String, batch: Batch)]
  let outputs: [Batch]
  private let batch: Int
  /// Samples of a slice.
  let size: Int
  private let threads: Int
  /// One for each thread.
  private let plans: [Plan]
  /// For the samples that do not fill a slice.
  private let tail: Plan?
  private var parts: ParallelParts?

  /// `inputs` and `outputs` are the whole batch's, the outputs in the order of the split's names.
  init(
    _ slicing: SampleSlicing, parameters: ParameterStore, options: EngineOptions, batch: Int, size: Int, threads: Int,
    inputs: [(name: String, batch: Batch)], outputs: [Batch]
  ) throws(EngineError) {
    (self.batch, self.size, self.threads, self.inputs, self.outputs) = (batch, size, threads, inputs, outputs)
    let options = EngineOptions(threads: 1, precision: options.precision)
    func plan(of samples: Int) throws(EngineError) -> Plan {
      let prefix = slicing.split.prefix
      var types: [String: TensorType] = [:]
      for name in prefix.inputNames {
        guard let value = prefix.input(named: name) else { continue }
        let type = prefix.type(value)
        types[name] = TensorType(type.dtype, Shape([samples] + type.shape.dimensions.dropFirst()))
      }
      do {
        return try Plan(
          prefix.specialized(inputs: types), parameters: parameters, mutableParameters: false, options: options,
          fusing: true, sharedWeights: slicing.prefixWeights)
      } catch let error as EngineError {
        throw error
      } catch let error as GraphError {
        throw EngineError(.graph(error))
      } catch {
        throw EngineError(.unsupported(op: "slice", reason: "\(error)"))
      }
    }
    var plans: [Plan] = []
    for _ in 0..<threads { plans.append(try plan(of: size)) }
    self.plans = plans
    tail = try batch % size == 0 ? nil : plan(of: batch % size)
    parts = ParallelParts(threads) { [unowned self] thread throws(EngineError) in try runSlices(ofThread: thread) }
  }

  private var sliceCount: Int { (batch + size - 1) / size }

  /// Computes all slices, as many at once as there are threads.
  func run() throws(EngineError) {
    kk_set_threads(Int32(clamping: threads))
    try parts?.run()
  }

  private func runSlices(ofThread thread: Int) throws(EngineError) {
    let (first, end) = (sliceCount * thread / threads, sliceCount * (thread + 1) / threads)
    for slice in first..<end {
      try runSlice(slice, thread: thread) { plan throws(EngineError) in try plan.execute() }
    }
  }

  private func runSlice(
    _ slice: Int, thread: Int, _ body: (Plan) throws(EngineError) -> Void
  ) throws(EngineError) {
    let start = slice * size
    let isWhole = start + size <= batch
    let plan = isWhole ? plans[thread] : tail
    guard let plan else { return }
    let samples = isWhole ? size : batch - start
    for (name, whole) in inputs {
      let bytes = samples * whole.floatsPerSample * 4
      try plan.withInput(name) { target in
        target.copyMemory(
          from: UnsafeRawBufferPointer(start: whole.buffer.pointer + start * whole.floatsPerSample, count: bytes))
      }
    }
    try body(plan)
    for (index, whole) in outputs.enumerated() {
      let target = UnsafeMutableRawPointer(whole.buffer.pointer + start * whole.floatsPerSample)
      try plan.withOutput(index) { source in
        if let base = source.baseAddress { target.copyMemory(from: base, byteCount: source.count) }
      }
    }
  }

  // MARK: - What it says of itself

  /// Bytes of the weights, which all plans share.
  var weightByteCount: Int { (plans.first ?? tail)?.weightByteCount ?? 0 }

  var reserved: [ObjectIdentifier: Int] {
    (plans + [tail].compactMap { $0 }).reduce(into: [:]) { $0.merge($1.reserved) { own, _ in own } }
  }

  var arenaByteCount: Int { plans.reduce(tail?.arenaByteCount ?? 0) { $0 + $1.arenaByteCount } }

  /// The steps of a slice with the work of all slices, then those of the samples left over.
  var stepDescriptions: [Plan.StepDescription] {
    let whole = (plans.first?.stepDescriptions ?? []).map { step in
      var step = step
      step.work *= Double(batch / size)
      step.movedBytes *= batch / size
      return step
    }
    return whole + (tail?.stepDescriptions ?? [])
  }

  /// Seconds that each of the steps takes in a run, were the threads' shares all alike.
  func profile() throws(EngineError) -> [Double] {
    var whole = [Double](repeating: 0, count: plans.first?.stepDescriptions.count ?? 0)
    var rest: [Double] = []
    for slice in 0..<sliceCount {
      try runSlice(slice, thread: 0) { plan throws(EngineError) in
        let durations = try plan.profile()
        if plan === tail {
          rest = durations
        } else {
          for (index, duration) in durations.enumerated() { whole[index] += duration / Double(threads) }
        }
      }
    }
    return whole + rest
  }
}
