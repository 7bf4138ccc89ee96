#if compiler(>=6.2) && canImport(Glibc)
  import Glibc
  import KerasCore
  import KerasEngine
  import KerasGraph
  import Testing

  private func peakKilobytes() throws -> Int {
    var usage = rusage()
    try #require(getrusage(RUSAGE_SELF.rawValue, &usage) == 0)
    return usage.ru_maxrss
  }

  @Suite struct MemoryGrowthTests {
    /// In a process of its own, where no other test allocates.
    @Test func runningAgainAndAgainTakesNoMoreMemory() async {
      await #expect(processExitsWith: .success) {
        var comparison = EngineComparison()
        let x = try comparison.input([2, 3, 3, 3])
        let same = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])
        var y = try comparison.add(.convolution(same), x, try comparison.parameter([3, 3, 3, 16]))
        y = try comparison.add(.unary(.tanh), y)
        let mean = try comparison.add(.reduce(.mean, axes: [1, 2], keepDimensions: false), y)
        let sequence = try comparison.add(.reshape([.fixed(2), .fixed(9), .fixed(16)]), y)
        let recurrence = Recurrence(
          cell: .gru(resetAfter: true), units: 8, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid),
          hasBias: false, hasInitialState: false, hasMask: false, goBackwards: false, zeroOutputForMask: false)
        let states = try comparison.graph.add(
          .recurrence(recurrence),
          [sequence, try comparison.parameter([16, 24]), try comparison.parameter([8, 24])])
        let product = try comparison.add(
          .matmul(transposeA: false, transposeB: false), mean, try comparison.parameter([16, 8]))
        comparison.graph.outputs = [
          try comparison.add(.binary(.add), product, states[1]),
          try comparison.add(.transpose([0, 3, 1, 2]), y),
        ]
        for mutable in [false, true] {
          let plan = try comparison.plan(mutableParameters: mutable)
          for _ in 0..<10 { try plan.execute() }
          let before = try peakKilobytes()
          for _ in 0..<2000 { try plan.execute() }
          // A hundred bytes left behind by each run would be 200 kB.
          if try peakKilobytes() - before > 150 { exit(EXIT_FAILURE) }
        }
      }
    }
  }
#endif
