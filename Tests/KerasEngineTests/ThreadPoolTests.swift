import CKernels
import COpenMP
import Foundation
import Synchronization
import Testing

/// The pool that runs oneDNN's and the kernels' parallel regions in the command, and in these tests.
struct ThreadPoolTests {
  /// Counts how often each part of a region is computed.
  private final class Counts: Sendable {
    let counts: Mutex<[Int]>
    let threads: Int32
    init(_ parts: Int, threads: Int32) {
      counts = Mutex(Array(repeating: 0, count: parts))
      self.threads = threads
    }
    func add(_ part: Int) { counts.withLock { $0[part] += 1 } }
  }

  private func region(_ counts: Counts, _ parts: Int, nested: Bool = false) {
    kk_set_threads(counts.threads)
    let context = Unmanaged.passUnretained(counts).toOpaque()
    let body: @convention(c) (UnsafeMutableRawPointer?, Int) -> Void = { context, part in
      guard let context else { return }
      Unmanaged<Counts>.fromOpaque(context).takeUnretainedValue().add(part)
    }
    let outer: @convention(c) (UnsafeMutableRawPointer?, Int) -> Void = { context, _ in
      let inner: @convention(c) (UnsafeMutableRawPointer?, Int) -> Void = { context, part in
        guard let context else { return }
        Unmanaged<Counts>.fromOpaque(context).takeUnretainedValue().add(part)
      }
      kk_each_part(4, inner, context)
    }
    kk_each_part(parts, nested ? outer : body, context)
  }

  #if os(Linux)
    @Test func servesOneDNN() { #expect(kk_serves_openmp() == 1) }
  #endif

  @Test(arguments: [1, 2, 3, 4] as [Int32]) func eachPartIsComputedOnce(threads: Int32) {
    for parts in 1...9 {
      let counts = Counts(parts, threads: threads)
      for _ in 0..<200 { region(counts, parts) }
      #expect(counts.counts.withLock { $0 } == Array(repeating: 200, count: parts))
    }
  }

  @Test func regionsInsideRegionsRunOnTheirThread() {
    let counts = Counts(4, threads: 3)
    for _ in 0..<100 { region(counts, 5, nested: true) }
    #expect(counts.counts.withLock { $0 } == [500, 500, 500, 500])
  }

  /// Every thread that begins regions has helpers of its own, which end with it.
  @Test func severalThreadsBeginRegionsAtOnce() {
    let all = (0..<6).map { _ in Counts(7, threads: 3) }
    let finished = DispatchSemaphore(value: 0)
    for counts in all {
      Thread.detachNewThread {
        for _ in 0..<300 { region(counts, 7) }
        finished.signal()
      }
    }
    for _ in all { finished.wait() }
    for counts in all { #expect(counts.counts.withLock { $0 } == Array(repeating: 300, count: 7)) }
  }

  /// Threads that were asleep between regions wake up for the next.
  @Test func regionsAfterAPause() {
    let counts = Counts(3, threads: 3)
    for _ in 0..<20 {
      region(counts, 3)
      Thread.sleep(forTimeInterval: 0.003)
    }
    #expect(counts.counts.withLock { $0 } == [20, 20, 20])
  }
}
