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

    /// What the threads of a region with barriers saw.
    private final class Phases: Sendable {
      let arrived: Mutex<Int> = .init(0)
      let early: Mutex<Int> = .init(0)
      let team: Int
      let barrier: @convention(c) () -> Void
      init(team: Int, barrier: @escaping @convention(c) () -> Void) { (self.team, self.barrier) = (team, barrier) }

      func run() {
        for phase in 1...500 {
          arrived.withLock { $0 += 1 }
          barrier()
          // All of the team are here, and none is in the next phase.
          if arrived.withLock({ $0 }) != phase * team { early.withLock { $0 += 1 } }
          barrier()
        }
      }
    }

    /// As compiled OpenMP code calls it, by name.
    @Test(arguments: [2, 3, 5]) func noThreadPassesABarrierBeforeAllHaveReachedIt(team: Int) throws {
      typealias Parallel =
        @convention(c) (
          @convention(c) (UnsafeMutableRawPointer?) -> Void, UnsafeMutableRawPointer?, UInt32, UInt32
        ) -> Void
      let parallel = unsafeBitCast(try #require(dlsym(nil, "GOMP_parallel")), to: Parallel.self)
      let barrier = unsafeBitCast(try #require(dlsym(nil, "GOMP_barrier")), to: (@convention(c) () -> Void).self)
      let phases = Phases(team: team, barrier: barrier)
      parallel(
        { context in
          guard let context else { return }
          Unmanaged<Phases>.fromOpaque(context).takeUnretainedValue().run()
        }, Unmanaged.passUnretained(phases).toOpaque(), UInt32(team), 0)
      #expect(phases.arrived.withLock { $0 } == 500 * team)
      #expect(phases.early.withLock { $0 } == 0)
    }
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
