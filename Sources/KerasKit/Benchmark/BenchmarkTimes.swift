import KerasEngine

#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// Times of repeated calls, in milliseconds, and what they are measured by.
public struct BenchmarkTimes: Sendable {
  public var median: Double
  public var minimum: Double
  /// Nine calls of ten take no longer.
  public var p90: Double
  public var calls: Int
  /// Floating-point operations of one call's products and convolutions.
  public var work: Double
  /// Floating-point operations a second that the threads reach in registers, measured before and after the calls.
  public var peak: Double
  /// What a training step computes twice to take less memory, if anything.
  public var recomputation: RecomputationSummary?

  /// Floating-point operations a second of the median call.
  public var rate: Double { median > 0 ? work / median * 1000 : 0 }
  /// The part of the peak that the median call reaches.
  public var shareOfPeak: Double { peak > 0 ? rate / peak : 0 }

  /// Bytes of memory that the process has held at most, zero where the system does not tell.
  public static var peakMemory: Int {
    #if canImport(Darwin)
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0
    #else
      // Not getrusage's, which begins with what the process that started this one held.
      guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
      else { return 0 }
      return kilobytes * 1024
    #endif
  }

  /// Repeats a call for so long, at least five times, after three to warm up; less often if calls take seconds.
  static func measure(
    seconds: Double, work: Double, threads: Int, _ body: () throws -> Void
  ) throws -> BenchmarkTimes {
    let clock = ContinuousClock()
    let first = clock.now
    for _ in 0..<3 where clock.now - first < .seconds(5) { try body() }
    let before = ProcessorPeak.measured(threads: threads)
    var times: [Double] = []
    let (end, patience) = (clock.now + .seconds(seconds), clock.now + .seconds(max(seconds, 10)))
    while clock.now < end || times.count < (clock.now < patience ? 5 : 2) {
      let start = clock.now
      try body()
      times.append((clock.now - start) / .milliseconds(1))
    }
    let after = ProcessorPeak.measured(threads: threads)
    times.sort()
    return BenchmarkTimes(
      median: times[times.count / 2], minimum: times[0], p90: times[min(times.count * 9 / 10, times.count - 1)],
      calls: times.count, work: work, peak: max(before, after))
  }
}
