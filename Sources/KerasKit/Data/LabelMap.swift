import KerasCore

/// Which class stands behind which number, for targets that are texts or folders of images.
///
/// As JSON: `{"targets": [{"name": "species", "classes": ["setosa", "versicolor"]}]}`.
public struct LabelMap: Sendable, Hashable {
  public struct Target: Sendable, Hashable {
    /// The column's or array's name; `y` for a folder of images.
    public var name: String
    /// In the order of their numbers.
    public var classes: [String]

    public init(name: String, classes: [String]) {
      self.name = name
      self.classes = classes
    }
  }

  public var targets: [Target]

  public init(targets: [Target]) { self.targets = targets }

  /// Where the map of a model file is kept: beside it, with `.labels.json` behind its name.
  public static func path(forModel path: String) -> String { path + ".labels.json" }

  public func write(to path: String) throws(KerasKitError) {
    let json: JSON = [
      "targets": .array(
        targets.map { ["name": .string($0.name), "classes": .array($0.classes.map { .string($0) })] })
    ]
    try KerasKitError.wrap { try AtomicFile.write(Array((json.text() + "\n").utf8), to: path) }
  }

  /// Throws `KerasKitError.badRequest` for a file that is no label map.
  public static func read(_ path: String) throws(KerasKitError) -> LabelMap {
    try KerasKitError.wrap {
      let json = try JSON(parsing: FileContents(path: path).array())
      guard let targets = json["targets"]?.arrayValue else {
        throw KerasKitError.badRequest("\(path): not a map of labels: 'targets' is missing")
      }
      return LabelMap(
        targets: try targets.map { entry in
          guard let name = entry["name"]?.stringValue,
            let classes = entry["classes"]?.arrayValue?.compactMap(\.stringValue), !classes.isEmpty
          else { throw KerasKitError.badRequest("\(path): a target without name or classes") }
          return Target(name: name, classes: classes)
        })
    }
  }

  /// The name of each sample's likeliest class, as arrays named `class`, or `class0` … with several outputs.
  ///
  /// An output of one number tells two classes at 0.5. Outputs that the map does not fit are left out.
  public func classNames(of predictions: [TensorData]) throws(KerasKitError) -> [(name: String, array: TensorData)] {
    try KerasKitError.wrap {
      var result: [(name: String, array: TensorData)] = []
      for (index, (target, array)) in zip(targets, predictions).enumerated() where targets.count == predictions.count {
        let width = array.shape.count == 2 ? array.shape[1] : 0
        guard width == target.classes.count || (width == 1 && target.classes.count == 2) else { continue }
        let values = try array.floats()
        let names = (0..<array.shape[0]).map { row -> String in
          let scores = values[row * width..<(row + 1) * width]
          if width == 1 { return target.classes[values[row] > 0.5 ? 1 : 0] }
          let best = scores.indices.reduce(scores.startIndex) { scores[$1] > scores[$0] ? $1 : $0 }
          return target.classes[best - scores.startIndex]
        }
        result.append(
          (targets.count == 1 ? "class" : "class\(index)", try TensorData(shape: [names.count], strings: names)))
      }
      return result
    }
  }

  /// The classes of a target, or of the only one where there is but one.
  func classes(of name: String) -> [String]? {
    targets.first { $0.name == name }?.classes ?? (targets.count == 1 ? targets[0].classes : nil)
  }
}
