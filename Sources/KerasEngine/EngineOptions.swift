/// How plans are compiled and run.
public struct EngineOptions: Sendable, Hashable {
  /// Threads a step may use, at most two per processor; results depend on it by rounding at most.
  public var threads: Int

  /// Plans of fewer floating-point operations a run use one thread; at zero all plans use all threads.
  ///
  /// Where two wait for each other after every small step, a busy machine makes them many times slower than one alone.
  public var sharesWorkFrom: Double

  public init(threads: Int = 1, sharesWorkFrom: Double = 0) {
    self.threads = threads
    self.sharesWorkFrom = sharesWorkFrom
  }

  func threads(forWork work: Double) -> Int { work < sharesWorkFrom ? 1 : threads }
}
