import KerasCore

/// The arrays of Keras 2.12 and later, stored as `<object path>/vars/<index>`.
///
/// Paths are given as written: Keras 2.12 and 2.13 say `_layer_checkpoint_dependencies` for `layers` and skip numbers.
struct StoredPaths {
  /// Groups in alphabetical order of their paths, those without arrays left out.
  private(set) var weights: [WeightGroup] = []
  private(set) var optimizer: [StoredArray] = []
  private var objects: Set<String> = []

  var isEmpty: Bool { weights.isEmpty && optimizer.isEmpty }

  init(of reader: HDF5ModelReader) throws(KerasFileError) { try self.init(of: [reader]) }

  /// Joins the parts of sharded weights: an object's arrays may lie in several.
  init(of readers: [HDF5ModelReader]) throws(KerasFileError) {
    var budget = 1_000_000
    var groups: [WeightGroup] = []
    for reader in readers { try Self.collect(reader, at: "", depth: 0, &budget, into: &groups) }
    self.init(groups)
  }

  /// Sorts groups by path and arrays by index, and takes the optimizer's apart.
  init(_ parts: [WeightGroup]) {
    var byPath: [String: WeightGroup] = [:]
    for part in parts {
      if var group = byPath[part.name] {
        group.arrays += part.arrays
        group.layerName = group.layerName ?? part.layerName
        byPath[part.name] = group
      } else {
        byPath[part.name] = part
      }
    }
    for (path, var group) in byPath.sorted(by: { $0.key < $1.key }) where !group.arrays.isEmpty {
      group.arrays.sort { (Int($0.name) ?? 0) < (Int($1.name) ?? 0) }
      objects.insert(path)
      switch path.split(separator: "/").first {
      // What an optimizer holds of others lies under them again (LossScaleOptimizer, MultiOptimizer).
      case "optimizer": if path == "optimizer" || path == "optimizer/vars" { optimizer += group.arrays }
      // The running sums of metrics (Keras 2.13 to 2.15) are no weights of the model.
      case "metrics": break
      default: weights.append(group)
      }
    }
  }

  /// Whether arrays were found for `/layers/dense/vars`.
  func holds(_ path: String) -> Bool {
    let components = path.split(separator: "/")
    return objects.contains(components.dropLast(components.last == "vars" ? 1 : 0).joined(separator: "/"))
  }

  private static func collect(
    _ reader: HDF5ModelReader, at path: String, depth: Int, _ budget: inout Int, into groups: inout [WeightGroup]
  ) throws(KerasFileError) {
    guard depth < 60 else { throw KerasFileError(file: reader.file, .tooLarge("groups nested \(depth) deep")) }
    for name in try reader.children(path.isEmpty ? "/" : path) {
      // Hard links may lead back up: without a limit such a file would never end.
      budget -= 1
      guard budget > 0 else { throw KerasFileError(file: reader.file, .tooLarge("more than a million objects")) }
      let child = "\(path)/\(name)"
      guard try reader.kind(child) == .group else { continue }
      guard name == "vars" else {
        try collect(reader, at: child, depth: depth + 1, &budget, into: &groups)
        continue
      }
      let children = try reader.children(child)
      // Adapted lookups store theirs under a name (`idf_weights`), all others under their number.
      let indices = children.compactMap { Int($0) }.sorted().map(String.init)
      let names = indices.isEmpty ? children : indices
      guard !names.isEmpty else { continue }
      var arrays: [StoredArray] = []
      for name in names { arrays.append(try reader.array(name, at: "\(child)/\(name)")) }
      groups.append(
        WeightGroup(name: String(path.dropFirst()), arrays: arrays, layerName: try reader.text("name", at: child)))
    }
  }
}
