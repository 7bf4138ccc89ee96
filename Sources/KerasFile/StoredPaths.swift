import KerasCore

/// The arrays of Keras 2.12 and later, stored as `<object path>/vars/<index>`.
///
/// Paths are given as written: Keras 2.12 and 2.13 say `_layer_checkpoint_dependencies` for `layers` and skip numbers.
struct StoredPaths {
  /// Groups in alphabetical order of their paths, those without arrays left out.
  private(set) var weights: [WeightGroup] = []
  private(set) var optimizer: [StoredArray] = []

  var isEmpty: Bool { weights.isEmpty && optimizer.isEmpty }

  init(of reader: HDF5ModelReader) throws(KerasFileError) {
    var budget = 1_000_000
    try collect(reader, at: "", depth: 0, &budget)
  }

  private mutating func collect(
    _ reader: HDF5ModelReader, at path: String, depth: Int, _ budget: inout Int
  ) throws(KerasFileError) {
    guard depth < 60 else { throw KerasFileError(file: reader.file, .tooLarge("groups nested \(depth) deep")) }
    for name in try reader.children(path.isEmpty ? "/" : path) {
      // Hard links may lead back up: without a limit such a file would never end.
      budget -= 1
      guard budget > 0 else { throw KerasFileError(file: reader.file, .tooLarge("more than a million objects")) }
      let child = "\(path)/\(name)"
      guard try reader.kind(child) == .group else { continue }
      if name == "vars" {
        try add(reader, vars: child, of: String(path.dropFirst()))
      } else {
        try collect(reader, at: child, depth: depth + 1, &budget)
      }
    }
  }

  private mutating func add(_ reader: HDF5ModelReader, vars: String, of object: String) throws(KerasFileError) {
    let indices = try reader.children(vars).compactMap { Int($0) }.sorted()
    guard !indices.isEmpty else { return }
    var arrays: [StoredArray] = []
    for index in indices { arrays.append(try reader.array(String(index), at: "\(vars)/\(index)")) }
    switch object.split(separator: "/").first {
    case "optimizer": optimizer += arrays
    // The running sums of metrics (Keras 2.13 to 2.15) are no weights of the model.
    case "metrics": break
    default:
      weights.append(WeightGroup(name: object, arrays: arrays, layerName: try reader.text("name", at: vars)))
    }
  }
}
