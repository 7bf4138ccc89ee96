import KerasFile

/// Matches arrays to layers where groups and layers do not correspond one to one: by inner names, then by order and shape.
///
/// Needed where a model was rebuilt before its weights were loaded: other layer names, a nested model flattened (or the
/// reverse), weights for a part of the model only.
struct WeightMatching {
  struct Match {
    var leaf: Int
    var arrays: [StoredArray]
    var reason: WeightAssignment.Reason
  }

  /// All layers that own variables, in order, and what each takes.
  let leaves: [ModelLeaf]
  let layers: [LayerWeights]
  let groups: [WeightGroup]

  private(set) var matches: [Match] = []
  private(set) var unmatchedLeaves: [Int] = []
  private(set) var unmatchedArrays: [StoredArray] = []

  var isComplete: Bool { unmatchedLeaves.isEmpty && unmatchedArrays.isEmpty }

  /// The largest product of layers and arrays that partial alignment works on.
  private static let maximumCells = 16_000_000

  /// With `isPartial`, names decide alone if any layer's fits: layers of other names are meant to stay as they are.
  init(leaves: [ModelLeaf], layers: [LayerWeights], groups: [WeightGroup], isPartial: Bool) {
    self.leaves = leaves
    self.layers = layers
    self.groups = groups
    unmatchedLeaves = Array(leaves.indices)
    unmatchedArrays = groups.flatMap(\.arrays)
    matchNames()
    if isComplete || isPartial && !matches.isEmpty { return }
    let (leavesLeft, arraysLeft) = (unmatchedLeaves, unmatchedArrays)
    if let whole = wholeAlignment(leavesLeft, arraysLeft) {
      take(whole, reason: .shape)
      return
    }
    matchUniqueShapes()
    if !isComplete, isPartial { take(longestAlignment(unmatchedLeaves, unmatchedArrays), reason: .shape) }
  }

  private mutating func take(_ found: [(leaf: Int, arrays: [StoredArray])], reason: WeightAssignment.Reason) {
    let taken = Set(found.flatMap { $0.arrays.map(\.path) })
    let filled = Set(found.map(\.leaf))
    matches += found.map { Match(leaf: $0.leaf, arrays: $0.arrays, reason: reason) }
    unmatchedLeaves.removeAll { filled.contains($0) }
    unmatchedArrays.removeAll { taken.contains($0.path) }
  }

  // MARK: Names

  private mutating func matchNames() {
    var byLayer: [String: [StoredArray]] = [:]
    for group in groups {
      for array in group.arrays {
        for label in Self.labels(of: array.name, group: group.name) { byLayer[label, default: []].append(array) }
      }
    }
    var byLabel: [String: [Int]] = [:]
    for index in leaves.indices where !leaves[index].label.isEmpty {
      byLabel[leaves[index].label, default: []].append(index)
    }
    var found: [(leaf: Int, arrays: [StoredArray])] = []
    for index in leaves.indices where byLabel[leaves[index].label]?.count == 1 {
      guard let arrays = byLayer[leaves[index].label], layers[index].accepts(arrays) else { continue }
      found.append((index, arrays))
    }
    // An array that two layers claim by a part of its name belongs to neither.
    var claims: [String: Int] = [:]
    for path in found.flatMap({ $0.arrays.map(\.path) }) { claims[path, default: 0] += 1 }
    take(found.filter { $0.arrays.allSatisfy { claims[$0.path] == 1 } }, reason: .name)
  }

  /// The layers' names that an array's name and group may state: `model_1`, and of `enc/dense_1/kernel:0` both parts.
  private static func labels(of name: String, group: String) -> Set<String> {
    let components = name.split(separator: "/").map(String.init)
    var labels = Set(components.dropLast())
    labels.insert(components.dropLast().joined(separator: "/"))
    labels.insert(group)
    labels.insert(Keras1Name(name).layer)
    labels.remove("")
    return labels
  }

  // MARK: Order and shapes

  /// How many arrays a layer may have been stored as.
  private func counts(_ leaf: Int) -> Set<Int> { [layers[leaf].storedSlots.count, layers[leaf].targets.count] }

  /// All layers and all arrays in order, every layer taking the next few arrays that fit; `nil` if that does not come out.
  private func wholeAlignment(
    _ leaves: [Int], _ arrays: [StoredArray]
  ) -> [(leaf: Int, arrays: [StoredArray])]? {
    // Positions reached after each layer, and where each was reached from.
    var reached: [[Int: Int]] = [[0: 0]]
    for leaf in leaves {
      var next: [Int: Int] = [:]
      for start in (reached.last ?? [:]).keys {
        for count in counts(leaf) where start + count <= arrays.count {
          if layers[leaf].accepts(Array(arrays[start..<start + count])) { next[start + count] = start }
        }
      }
      if next.isEmpty { return nil }
      reached.append(next)
    }
    guard reached.last?[arrays.count] != nil else { return nil }
    var end = arrays.count
    var found: [(leaf: Int, arrays: [StoredArray])] = []
    for index in leaves.indices.reversed() {
      guard let start = reached[index + 1][end] else { return nil }
      found.append((leaves[index], Array(arrays[start..<end])))
      end = start
    }
    return found.reversed()
  }

  /// Runs of arrays that one layer wrote, each to the only layer that it fits and that only it fits.
  private mutating func matchUniqueShapes() {
    let paths = Set(unmatchedArrays.map(\.path))
    let runs = groups.map { $0.arrays.filter { paths.contains($0.path) } }.filter { !$0.isEmpty }
    guard runs.count * unmatchedLeaves.count <= 1_000_000 else { return }
    var found: [(leaf: Int, arrays: [StoredArray])] = []
    for leaf in unmatchedLeaves {
      let fitting = runs.filter { layers[leaf].accepts($0) }
      guard fitting.count == 1, unmatchedLeaves.filter({ layers[$0].accepts(fitting[0]) }).count == 1 else { continue }
      found.append((leaf, fitting[0]))
    }
    take(found, reason: .shape)
  }

  /// As many layers as possible in order, leaving out layers and arrays that fit nothing.
  private func longestAlignment(
    _ leaves: [Int], _ arrays: [StoredArray]
  ) -> [(leaf: Int, arrays: [StoredArray])] {
    let (rows, columns) = (leaves.count, arrays.count)
    guard rows > 0, columns > 0, rows * columns <= Self.maximumCells else { return [] }
    // best[i][j]: layers placed among the last rows - i layers and columns - j arrays.
    let width = columns + 1
    var best = [Int32](repeating: 0, count: (rows + 1) * width)
    var step = [Int32](repeating: 0, count: (rows + 1) * width)
    for row in stride(from: rows - 1, through: 0, by: -1) {
      for column in stride(from: columns - 1, through: 0, by: -1) {
        let here = row * width + column
        (best[here], step[here]) = (best[here + width], 0)
        if best[here + 1] > best[here] { (best[here], step[here]) = (best[here + 1], -1) }
        for count in counts(leaves[row]) where count > 0 && column + count <= columns {
          let value = best[here + width + count] + 1
          guard value > best[here], layers[leaves[row]].accepts(Array(arrays[column..<column + count]))
          else { continue }
          (best[here], step[here]) = (value, Int32(count))
        }
      }
    }
    var found: [(leaf: Int, arrays: [StoredArray])] = []
    var (row, column) = (0, 0)
    while row < rows, column < columns {
      let count = Int(step[row * width + column])
      if count > 0 { found.append((leaves[row], Array(arrays[column..<column + count]))) }
      if count < 0 {
        column += 1
      } else {
        row += 1
        column += count
      }
    }
    return found
  }
}
