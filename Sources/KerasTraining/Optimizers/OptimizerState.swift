import KerasCore
import KerasFile
import KerasModel

/// An optimizer's state as a file holds it, in the canonical layout of the weights.
///
/// Arrays belong to the stored trainable weights in their order, slot after slot, or all of a variable's slots together
/// (Keras 2.11 and later for most classes). Each slot goes through the loader as the weights it belongs to did, so that
/// what is transposed, flipped or fused there is so here.
public struct OptimizerState: Sendable {
  /// Updates made, 0 where the release did not save it.
  public var iterations: Int
  /// Slot name → parameter name → array.
  public var slots: [String: [String: TensorData]]

  /// Why a file's state was not taken.
  public struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
  }

  /// Reads the state of `model` for an optimizer with the slots `names`; `nil` if the file holds none.
  ///
  /// Throws `Unreadable` where number or shapes of the arrays are not the optimizer's.
  init?(_ model: LoadedModel, className: String, slotNames names: [String]) throws(Unreadable) {
    let stored = model.optimizerArrays
    guard !stored.isEmpty else { return nil }
    let header = stored.prefix { $0.shape.isEmpty }
    var body = Array(stored.dropFirst(header.count))
    // Keras 3's Nadam ends with the product of its schedule, which the step count tells too.
    while let last = body.last, last.shape.isEmpty { body.removeLast() }
    iterations = 0
    slots = [:]
    if let first = header.first { iterations = try Self.count(first) }
    let variables = try Self.trainedArrays(of: model)
    guard !body.isEmpty, !names.isEmpty else { return }
    // Without AMSGrad, Keras 2.1.3 to 2.3 saved arrays of one element in place of its maxima.
    if body.count == (names.count + 1) * variables.count, className == "Adam" {
      body.removeLast(variables.count)
    }
    guard body.count == names.count * variables.count else {
      throw Unreadable(
        description: "the file holds \(body.count) arrays of optimizer state; \(className) with \(variables.count) "
          + "trained arrays has \(names.count * variables.count)")
    }
    let together = Self.slotsLieTogether(model, className) ? min(names.count, 2) : 0
    let orders = [Self.order(names.count, variables.count, together), Self.order(names.count, variables.count, 0)]
    guard
      let order = orders.first(where: { order in
        order.indices.allSatisfy { slot in
          zip(order[slot], variables).allSatisfy { body[$0].shape == $1.shape }
        }
      })
    else {
      throw Unreadable(description: "the shapes of the optimizer's state are not those of the trained weights")
    }
    for (slot, places) in order.enumerated() {
      let arrays = zip(variables, places).map { (path: $0.path, array: body[$1]) }
      slots[names[slot]] = try Self.converted(model, Dictionary(arrays, uniquingKeysWith: { first, _ in first }))
    }
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

  private static func slotsLieTogether(_ model: LoadedModel, _ className: String) -> Bool {
    let pairs: Set = ["Adam", "AdamW", "Adamax", "Nadam", "Adadelta", "Ftrl", "Lamb"]
    guard pairs.contains(className) else { return false }
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
