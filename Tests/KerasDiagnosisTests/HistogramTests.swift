@testable import KerasDiagnosis
import Testing

/// Histograms whose range is not known beforehand.
struct HistogramTests {
  private func histogram(_ batches: [[Double]]) -> Histogram {
    var histogram = Histogram()
    for batch in batches {
      histogram.reach(from: batch.min() ?? 0, to: batch.max() ?? 0)
      for value in batch { histogram.add(value) }
    }
    return histogram
  }

  /// Every number is counted once, in the bin it belongs to, whatever came before it.
  @Test func everyNumberIsInItsBin() {
    let batches: [[Double]] = [[0.5, 0.25], [-3, 7, 7.5], [412, -210], [0, 0.001], [1e6]]
    let histogram = histogram(batches)
    let values = batches.flatMap(\.self)
    #expect(histogram.counts.reduce(0, +) == values.count)
    #expect(histogram.counts.count <= Histogram.largestCount)
    #expect(histogram.lowerBound <= -210 && histogram.upperBound > 1e6)
    for (index, count) in histogram.counts.enumerated() {
      let low = histogram.lowerBound + Double(index) * histogram.binWidth
      #expect(count == values.count { $0 >= low && $0 < low + histogram.binWidth })
    }
  }

  @Test func theOrderOfBatchesDoesNotMatter() {
    let batches: [[Double]] = [[1, 2, 3], [-100, 50], [0.125]]
    let (forward, backward) = (histogram(batches), histogram(batches.reversed()))
    #expect(forward.bars(8).reduce(0, +) == 6)
    #expect(backward.bars(8).reduce(0, +) == 6)
    #expect(forward.upperBound > 50 && backward.upperBound > 50)
  }

  @Test func aConstantAndExtremesStayWithinBounds() {
    for value in [0.0, 1, -7.25, 3e38, -1e-40] {
      let histogram = histogram([[value, value]])
      #expect(histogram.counts.reduce(0, +) == 2)
      #expect(histogram.lowerBound <= value && histogram.upperBound >= value)
    }
    #expect(histogram([[-3.4e38], [3.4e38], [1e-38]]).counts.reduce(0, +) == 3)
  }
}
