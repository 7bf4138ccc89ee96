/// The named results of a written file of ops, for a program that runs it to show them.
public struct WrittenGraph: Sendable, Hashable {
  public struct Step: Sendable, Hashable {
    /// Begins with the path of the layer that made it: `block/conv/Conv`.
    public var name: String
    /// Names of the tensors that it reads and makes.
    public var inputs: [String]
    public var results: [String]

    public init(name: String, inputs: [String], results: [String]) {
      (self.name, self.inputs, self.results) = (name, inputs, results)
    }
  }

  /// In the order of the computation.
  public var steps: [Step]
  /// Bytes that, appended to the file, make all results outputs of the model; `nil` where the program shows them anyway.
  public var addition: [UInt8]?

  public init(steps: [Step], addition: [UInt8]? = nil) { (self.steps, self.addition) = (steps, addition) }

  /// Of each path, the positions of the steps that its layer made: not those of a layer inside it that has a path too.
  public func steps(ofLayers paths: [String]) -> [String: [Int]] {
    let known = Set(paths)
    var result: [String: [Int]] = [:]
    for (index, step) in steps.enumerated() {
      var name = Substring(step.name)
      while !known.contains(String(name)) {
        guard let cut = name.lastIndex(of: "/") else { break }
        name = name[..<cut]
      }
      if known.contains(String(name)) { result[String(name), default: []].append(index) }
    }
    return result
  }

  /// The steps that the given tensors are made by, and all that those depend on.
  public func steps(behind tensors: Set<String>) -> Set<Int> {
    var (needed, found) = (tensors, Set<Int>())
    for index in steps.indices.reversed() where steps[index].results.contains(where: { needed.contains($0) }) {
      found.insert(index)
      needed.formUnion(steps[index].inputs)
    }
    return found
  }
}
