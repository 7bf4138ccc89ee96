/// One of the arrays an optimizer keeps for each variable; the names are Keras 3's.
public struct OptimizerSlot: Sendable, Hashable {
  /// What an array holds before the first step.
  public enum Start: Sendable, Hashable {
    case value(Float)
    /// The variable's own numbers.
    case weights
  }

  /// The shape of an array beside its variable's.
  public enum Extent: Sendable, Hashable {
    case variable
    /// Without the variable's last axis.
    case rows
    /// Without the variable's last axis but one.
    case columns
  }

  /// Which variables have it.
  public enum Owners: Sendable, Hashable {
    case all
    /// Those of two axes and more.
    case matrices
    /// Those that Muon leaves to Adam: of other than two axes, embeddings if asked for, and those with such names.
    case adamOfMuon(excludesEmbeddings: Bool, names: [NamePattern])
  }

  public var name: String
  public var start: Start
  public var extent: Extent
  public var owners: Owners

  public init(name: String, start: Start = .value(0), extent: Extent = .variable, owners: Owners = .all) {
    self.name = name
    self.start = start
    self.extent = extent
    self.owners = owners
  }

  /// Whether the variable of that name and shape has such an array.
  public func belongs(to variable: String, shape: [Int]) -> Bool {
    switch owners {
    case .all: true
    case .matrices: shape.count >= 2
    case .adamOfMuon(let excludesEmbeddings, let names):
      shape.count != 2 || excludesEmbeddings && variable.lowercased().contains("embedding")
        || names.contains { $0.isFound(in: variable) }
    }
  }

  /// The array's shape for a variable of `shape`.
  public func shape(for shape: [Int]) -> [Int] {
    switch extent {
    case .variable: shape
    case .rows: Array(shape.dropLast())
    case .columns: shape.dropLast(2) + shape.suffix(1)
    }
  }
}

/// How an optimizer's arrays lie in a file.
public struct OptimizerForm: Sendable, Hashable {
  /// An optimizer with variables of its own.
  public struct Part: Sendable, Hashable {
    public var className: String
    /// Slots of one group lie together variable by variable in current releases; groups follow each other.
    public var groups: [[OptimizerSlot]]
    /// The variables it takes, by whole name; `nil` takes the rest.
    public var pattern: NamePattern?
    /// Whether its learning rate is a schedule, of which Keras 3 saves no current value.
    public var hasSchedule: Bool

    public init(
      className: String, groups: [[OptimizerSlot]], pattern: NamePattern? = nil, hasSchedule: Bool = false
    ) {
      self.className = className
      self.groups = groups
      self.pattern = pattern
      self.hasSchedule = hasSchedule
    }

    public var slots: [OptimizerSlot] { groups.flatMap(\.self) }
  }

  /// The class that the training config names.
  public var className: String
  /// Whether a LossScaleOptimizer is around it.
  public var scalesLoss: Bool
  /// More than one in a MultiOptimizer only.
  public var parts: [Part]

  public init(className: String, scalesLoss: Bool = false, parts: [Part]) {
    self.className = className
    self.scalesLoss = scalesLoss
    self.parts = parts
  }

  public var isMultiple: Bool { className == "MultiOptimizer" }
  public var slots: [OptimizerSlot] {
    var found: [OptimizerSlot] = []
    for slot in parts.flatMap(\.slots) where !found.contains(where: { $0.name == slot.name }) { found.append(slot) }
    return found
  }

  /// Which part updates a variable.
  public func part(of variable: String) -> Int {
    let names = Self.paths(of: variable)
    return parts.firstIndex { part in part.pattern.map { names.contains(where: $0.matchesWhole) } ?? false }
      ?? parts.firstIndex { $0.pattern == nil } ?? 0
  }

  /// The name, and as Keras 3 says it where a recurrent layer's cell is between.
  private static func paths(of variable: String) -> [String] {
    let parts = variable.split(separator: "/").map(String.init)
    guard parts.count >= 2 else { return [variable] }
    let owner = parts[parts.count - 2]
    return [variable, (parts.dropLast() + [owner + "_cell"] + parts.suffix(1)).joined(separator: "/")]
  }
}
