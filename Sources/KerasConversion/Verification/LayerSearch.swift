import KerasCore
import KerasExport

/// Finds the first layer whose stored outputs do not appear among the results of a file of ops.
///
/// Ops hold a layer's outputs in any order of axes, or not at all where another layer was folded into them. So what is
/// looked for is the stored numbers themselves; and a layer that later results which are right depend on is right too.
struct LayerSearch {
  private struct Candidate {
    var name: String
    var values: [Double]
    var mean: Double
    var magnitude: Double
  }

  private let graph: WrittenGraph
  private let candidates: [Candidate]
  private let tolerance: Double
  /// The steps that read a step's results.
  private let readers: [Int: [Int]]

  init(_ graph: WrittenGraph, results: [String: TensorData], tolerance: Double) {
    self.graph = graph
    self.tolerance = tolerance
    var (makers, readers) = ([String: Int](), [Int: [Int]]())
    for (index, step) in graph.steps.enumerated() {
      for input in step.inputs { if let maker = makers[input] { readers[maker, default: []].append(index) } }
      for result in step.results { makers[result] = index }
    }
    self.readers = readers
    candidates = results.compactMap { name, array in
      guard let values = try? array.doubles(), !values.isEmpty, let digest = try? ArrayDigest(array, limit: 1) else {
        return nil
      }
      return Candidate(name: name, values: values, mean: digest.mean, magnitude: digest.magnitude)
    }
  }

  /// The first layer that diverges, and how many layers could be told.
  func firstDivergence(
    from layers: [VerificationCase.LayerDigests]
  ) -> (first: Verification.Divergence?, count: Int) {
    let steps = graph.steps(ofLayers: layers.map(\.path))
    var right: Set<String> = []
    var unmatched: [VerificationCase.LayerDigests] = []
    for layer in layers {
      let found = layer.digests.map { digest in candidates.filter { distance(digest, $0) <= tolerance } }
      if found.isEmpty || found.contains(where: \.isEmpty) {
        unmatched.append(layer)
      } else {
        right.formUnion(found.joined().map(\.name))
      }
    }
    let settled = graph.steps(behind: right)
    let told = unmatched.filter { !(steps[$0.path] ?? []).isEmpty }
    // What a layer hands on; its steps before may be right even where its weights are not.
    let first = told.first { layer in boundary(of: steps[layer.path] ?? []).contains { !settled.contains($0) } }
    let divergence = first.map { layer in
      let own = Set((steps[layer.path] ?? []).flatMap { graph.steps[$0].results })
      let nearest = layer.digests.map { digest in
        candidates.filter { own.contains($0.name) }.map { distance(digest, $0) }.min() ?? .infinity
      }
      return Verification.Divergence(layer: layer.path, difference: nearest.max() ?? .infinity)
    }
    return (divergence, layers.count - unmatched.count + told.count)
  }

  /// Steps whose results others read, or nobody in the graph.
  private func boundary(of own: [Int]) -> [Int] {
    let inner = Set(own)
    return own.filter { index in
      let readers = readers[index] ?? []
      return readers.isEmpty || readers.contains { !inner.contains($0) }
    }
  }

  /// How far a result lies from stored numbers in some order of its elements, relative to the largest of these.
  private func distance(_ digest: ArrayDigest, _ candidate: Candidate) -> Double {
    guard digest.shape.reduce(1, *) == candidate.values.count else { return .infinity }
    let scale = ([digest.magnitude, 1e-6] + digest.samples).lazy.map(\.magnitude).filter(\.isFinite).max() ?? 1e-6
    var largest = max((digest.mean - candidate.mean).magnitude, (digest.magnitude - candidate.magnitude).magnitude)
    if largest.isNaN { largest = digest.mean.isFinite && digest.magnitude.isFinite ? .infinity : 0 }
    if largest > tolerance * scale { return largest / scale }
    for sample in digest.samples where sample.isFinite {
      largest = max(largest, candidate.values.reduce(.infinity) { min($0, ($1 - sample).magnitude) })
    }
    return largest / scale
  }
}
