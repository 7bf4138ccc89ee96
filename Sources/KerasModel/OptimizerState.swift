import KerasCore
import KerasFile

/// One of the arrays an optimizer keeps for each variable; the names are Keras 3's.
public struct OptimizerSlot: Sendable, Hashable {
  public var name: String
  public var initialValue: Float

  public init(name: String, initialValue: Float = 0) {
    self.name = name
    self.initialValue = initialValue
  }
}

/// An optimizer's state as a file holds it, in the canonical layout of the weights.
///
/// Arrays belong to the stored trainable weights in their order, slot after slot, or all of a variable's slots together
/// (Keras 2.11 and later for most classes). Each slot goes through the loader as the weights it belongs to did, so that
/// what is transposed, flipped or fused there is so here.
public struct OptimizerState: Sendable, Hashable {
  /// The Keras class name of the optimizer.
  public var className: String
  /// Updates made, 0 where the release did not save it.
  public var iterations: Int
  /// The optimizer's slots in Keras' order.
  public var names: [OptimizerSlot]
  /// Slot name → parameter name → array; variables that were never updated have none.
  public var slots: [String: [String: TensorData]]

  /// Why a file's state was not taken.
  public struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
  }

  /// Where a file's optimizer arrays belong.
  public struct Layout: Sendable {
    /// Single numbers before the arrays: the step count, then in some releases the learning rate.
    public var headerCount: Int
    /// The stored arrays of trained variables.
    public var variables: [StoredArray]
    /// For each slot, in the order of `variables`, the places among the optimizer's arrays.
    public var places: [[Int]]
  }

  public init(
    className: String, iterations: Int, names: [OptimizerSlot], slots: [String: [String: TensorData]]
  ) {
    self.className = className
    self.iterations = iterations
    self.names = names
    self.slots = slots
  }

  /// Reads the state of `model` for an optimizer with the slots `names`; `nil` if the file holds none.
  ///
  /// Throws `Unreadable` where number or shapes of the arrays are not the optimizer's.
  public init?(_ model: LoadedModel, className: String, slots names: [OptimizerSlot]) throws(Unreadable) {
    let stored = model.optimizerArrays
    guard let layout = try Self.layout(in: model, className: className, slotCount: names.count) else { return nil }
    self.init(className: className, iterations: 0, names: names, slots: [:])
    if layout.headerCount > 0 { iterations = try Self.count(stored[0]) }
    for (name, places) in zip(names, layout.places) {
      let arrays = zip(layout.variables, places).map { (path: $0.path, array: stored[$1]) }
      slots[name.name] = try Self.converted(model, Dictionary(arrays, uniquingKeysWith: { first, _ in first }))
    }
  }

  /// Where the arrays of a file's state belong; `nil` if it holds none.
  public static func layout(
    in model: LoadedModel, className: String, slotCount: Int
  ) throws(Unreadable) -> Layout? {
    let stored = model.optimizerArrays
    guard !stored.isEmpty else { return nil }
    let header = stored.prefix { $0.shape.isEmpty }.count
    var body = Array(stored.dropFirst(header))
    // Keras 3's Nadam ends with the product of its schedule, which the step count tells too.
    while let last = body.last, last.shape.isEmpty { body.removeLast() }
    let variables = try trainedArrays(of: model)
    guard !body.isEmpty, slotCount > 0 else { return Layout(headerCount: header, variables: variables, places: []) }
    // Without AMSGrad, Keras 2.1.3 to 2.3 saved arrays of one element in place of its maxima.
    if body.count == (slotCount + 1) * variables.count, className == "Adam" { body.removeLast(variables.count) }
    guard body.count == slotCount * variables.count else {
      throw Unreadable(
        description: "the file holds \(body.count) arrays of optimizer state; \(className) with \(variables.count) "
          + "trained arrays has \(slotCount * variables.count)")
    }
    let together = slotsLieTogether(model, className) ? min(slotCount, 2) : 0
    let orders = [order(slotCount, variables.count, together), order(slotCount, variables.count, 0)]
    guard
      let order = orders.first(where: { order in
        order.indices.allSatisfy { slot in
          zip(order[slot], variables).allSatisfy { body[$0].shape == $1.shape }
        }
      })
    else {
      throw Unreadable(description: "the shapes of the optimizer's state are not those of the trained weights")
    }
    return Layout(headerCount: header, variables: variables, places: order.map { $0.map { $0 + header } })
  }

  /// Where Keras 3 puts each slot's array of each variable, counted from the first.
  public static func keras3Places(className: String, slotCount: Int, variableCount: Int) -> [[Int]] {
    order(slotCount, variableCount, pairedClasses.contains(className) ? min(slotCount, 2) : 0)
  }

  /// A variable's array of a slot: the state's, or as the optimizer begins.
  public func array(_ slot: OptimizerSlot, of parameter: String, shape: [Int]) throws(TensorDataError) -> TensorData {
    if let known = slots[slot.name]?[parameter] { return known }
    return try .filled(slot.initialValue, shape: shape)
  }

  private static func count(_ array: StoredArray) throws(Unreadable) -> Int {
    do {
      let value = try array.read().doubles().first ?? 0
      guard value >= 0, value < 1e15 else { throw Unreadable(description: "the step count is \(value)") }
      return Int(value)
    } catch {
      throw Unreadable(description: "the step count: \(error)")
    }
  }

  /// For each slot the places of its arrays; the first `together` slots alternate variable by variable.
  private static func order(_ slots: Int, _ variables: Int, _ together: Int) -> [[Int]] {
    (0..<slots).map { slot in
      (0..<variables).map { slot < together ? $0 * together + slot : slot * variables + $0 }
    }
  }

  private static let pairedClasses: Set = ["Adam", "AdamW", "Adamax", "Nadam", "Adadelta", "Ftrl", "Lamb"]

  private static func slotsLieTogether(_ model: LoadedModel, _ className: String) -> Bool {
    guard pairedClasses.contains(className) else { return false }
    if className == "Ftrl" { return true }
    guard let version = model.sourceVersion, version.major < 3 else { return true }
    let config = model.source.trainingConfig
    let optimizer = config?["optimizer_config"]?["config"] ?? config?["optimizer"]?["config"]
    return version >= KerasVersion(2, 11) && optimizer?["is_legacy_optimizer"] == false
  }

  /// The stored arrays of trainable variables in the order of the model's `trainable_weights`.
  private static func trainedArrays(of model: LoadedModel) throws(Unreadable) -> [StoredArray] {
    let specs: [(name: String, isTrained: Bool)]
    do {
      specs = try model.network.parameterSpecs().map { ($0.name, $0.spec.trainable && $0.trainable) }
    } catch {
      throw Unreadable(description: "\(error)")
    }
    let rows = Dictionary(
      model.assignment.rows.map { ($0.parameter, $0.storedPaths) }, uniquingKeysWith: { first, _ in first })
    let paths = specs.filter(\.isTrained).flatMap { rows[$0.name] ?? [] }
    switch model.source.weights {
    case .none: return []
    case .groups(let groups):
      let trained = Set(paths)
      let arrays = groups.flatMap(\.arrays).filter { trained.contains($0.path) }
      // Keras 1 sorted the variables by name before it made the optimizer's.
      guard let version = model.sourceVersion, version.major < 2 else { return arrays }
      return arrays.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    case .paths(let groups):
      let arrays = Dictionary(
        groups.flatMap(\.arrays).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
      return paths.compactMap { arrays[$0] }
    }
  }

  /// The canonical weights of the same file with other arrays in it.
  private static func converted(
    _ model: LoadedModel, _ arrays: [String: StoredArray]
  ) throws(Unreadable) -> [String: TensorData] {
    var source = model.source
    func replaced(_ groups: [WeightGroup]) -> [WeightGroup] {
      groups.map { group in
        var group = group
        group.arrays = group.arrays.map { own in
          guard let slot = arrays[own.path] else { return own }
          return StoredArray(name: own.name, path: own.path, dtype: slot.dtype, shape: slot.shape) {
            () throws(KerasFileError) in try slot.read()
          }
        }
        return group
      }
    }
    switch source.weights {
    case .none: break
    case .groups(let groups): source.weights = .groups(replaced(groups))
    case .paths(let groups): source.weights = .paths(replaced(groups))
    }
    do {
      return try LoadedModel.load(source: source, options: model.options).weights
    } catch {
      throw Unreadable(description: "\(error)")
    }
  }
}
