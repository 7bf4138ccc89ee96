import CKernels

/// What the processor can multiply and add at most.
public enum ProcessorPeak {
  /// Floating-point operations a second of multiply-adds in registers on so many threads, the best of several rounds.
  ///
  /// Takes about `seconds`; a number to compare within one run, since clocks and neighbours change.
  public static func measured(threads: Int, seconds: Double = 0.1) -> Double {
    kk_set_threads(Int32(clamping: threads))
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var best = 0.0
    repeat {
      let start = clock.now
      let work = kk_multiply_add_work(8)
      best = max(best, work / ((clock.now - start) / .seconds(1)))
    } while clock.now < end
    return best
  }
}
