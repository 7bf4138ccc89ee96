import CKernels

/// How plans are compiled and run.
public struct EngineOptions: Sendable, Hashable {
  /// Threads a step may use, at most two per processor; results depend on it by rounding at most.
  public var threads: Int

  /// Plans of fewer floating-point operations a run use one thread; at zero all plans use all threads.
  ///
  /// Where two wait for each other after every small step, a busy machine makes them many times slower than one alone.
  public var sharesWorkFrom: Double

  /// How factors of products with constant weights are held; sums and all else are float32.
  public enum Precision: String, Sendable, Hashable, CaseIterable {
    case float32
    /// Eight bits of significand, where the processor multiplies such numbers itself; else float32.
    case bfloat16

    /// Whether this processor has it.
    public var isAvailable: Bool { self == .float32 || kk_has_bfloat16() != 0 }
  }
  public var precision: Precision

  /// Whether plans are to be run once.
  ///
  /// Large weights are then read in the moment they are needed and not kept, so that the first run comes sooner and
  /// takes less memory. Each further run reads them again.
  public var runsOnce = false

  public init(threads: Int = 1, sharesWorkFrom: Double = 0, precision: Precision = .float32) {
    self.threads = threads
    self.sharesWorkFrom = sharesWorkFrom
    self.precision = precision
  }

  func threads(forWork work: Double) -> Int { work < sharesWorkFrom ? 1 : threads }
}
