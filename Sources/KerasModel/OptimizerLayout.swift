import KerasCore
import KerasFile

/// Where a file's optimizer arrays belong, found by their number and shapes.
///
/// Single numbers come first: the step count and in some releases the learning rate, before both those of a
/// LossScaleOptimizer or MultiOptimizer. Then the arrays of the stored trainable variables in their order, slot after slot,
/// or a group of slots variable by variable (Keras 2.11 and later for most classes).
public struct OptimizerLayout: Sendable {
  /// One array of one variable.
  public struct Place: Sendable {
    public var slot: OptimizerSlot
    public var variable: StoredArray
    /// The parameter that is made of the variable.
    public var parameter: String?
    /// Among the optimizer's arrays.
    public var index: Int
  }

  public private(set) var places: [Place] = []
  /// The step counts, the outermost optimizer's first.
  public private(set) var iterations: [Int] = []
  public private(set) var lossScale: (scale: Int, steps: Int)?
  /// Nadam's product of its momentum schedule.
  public private(set) var scheduleProduct: Int?

  private struct Variable {
    var stored: StoredArray
    var parameter: String?
  }

  /// `nil` if the file holds no state.
  ///
  /// Throws `OptimizerState.Unreadable` where the arrays are not those of an optimizer of that form.
  public init?(of model: LoadedModel, form: OptimizerForm) throws(OptimizerState.Unreadable) {
    let stored = model.optimizerArrays
    guard !stored.isEmpty else { return nil }
    let variables = try Self.trainedVariables(of: model)
    let lieTogether = Self.slotsLieTogether(model, form)
    for together in [lieTogether, !lieTogether] {
      for style in HeaderStyle.all(of: form) {
        if let found = Self(stored, variables, form, style, together: together) {
          self = found
          return
        }
      }
    }
    let count = variables.reduce(0) { sum, variable in
      sum
        + form.parts.flatMap(\.slots).filter { $0.belongs(to: variable.parameter ?? "", shape: variable.stored.shape) }
        .count
    }
    let arrays = stored.filter { !$0.shape.isEmpty }.count
    throw .init(
      description: arrays == count
        ? "the shapes of the optimizer's state are not those of the trained weights"
        : "the file holds \(arrays) arrays of optimizer state; \(form.className) with \(variables.count) "
          + "trained arrays has \(count)")
  }

  /// Which single numbers and arrays that mean nothing a release wrote around the slots.
  private struct HeaderStyle {
    /// Before each part's slots.
    var numbers: Int
    var endsWithProduct = false
    /// An array per variable that the optimizer does not use, of any shape: Adam's maxima of Keras 2.1.3 to 2.3 without
    /// AMSGrad, SGD's velocities without momentum.
    var hasUnused = false
    /// A zero in place of each factor that a variable does not have: Keras 3's Adafactor.
    var hasPlaceholders = false

    static func all(of form: OptimizerForm) -> [HeaderStyle] {
      let name = form.parts.first?.className
      var styles: [HeaderStyle] = []
      for numbers in [2, 1, 0] {
        if name == "Nadam" { styles.append(HeaderStyle(numbers: numbers, endsWithProduct: true)) }
        styles.append(HeaderStyle(numbers: numbers))
        if name == "Adafactor" { styles.append(HeaderStyle(numbers: numbers, hasPlaceholders: true)) }
        if name == "Adam" || name == "SGD" { styles.append(HeaderStyle(numbers: numbers, hasUnused: true)) }
      }
      return styles
    }
  }

  private init?(
    _ stored: [StoredArray], _ variables: [Variable], _ form: OptimizerForm, _ style: HeaderStyle, together: Bool
  ) {
    var next = 0
    /// Takes single numbers; `nil` if there are not as many.
    func numbers(_ count: Int) -> Range<Int>? {
      let range = next..<next + count
      guard range.upperBound <= stored.count, stored[range].allSatisfy({ $0.shape.isEmpty }) else { return nil }
      next = range.upperBound
      return range
    }
    // Keras 2 saves nothing of a LossScaleOptimizer in HDF5.
    if form.scalesLoss, style.numbers == 2, stored.prefix(6).allSatisfy(\.shape.isEmpty), stored.count >= 6,
      let own = numbers(4)
    {
      iterations.append(own.lowerBound)
      lossScale = (own.lowerBound + 3, own.lowerBound + 2)
    }
    if form.isMultiple {
      guard let own = numbers(2) else { return nil }
      iterations.append(own.lowerBound)
    }
    for (index, part) in form.parts.enumerated() {
      guard let header = numbers(form.isMultiple ? (part.hasSchedule ? 1 : 2) : style.numbers) else { return nil }
      if !header.isEmpty { iterations.append(header.lowerBound) }
      let own = variables.filter { $0.parameter.map { form.part(of: $0) == index } ?? (index == 0) }
      let groups = together ? part.groups : part.groups.flatMap { $0.map { [$0] } }
      for group in groups {
        for (slot, variable) in own.flatMap({ variable in group.map { ($0, variable) } }) {
          let isOwned = slot.belongs(to: variable.parameter ?? "", shape: variable.stored.shape)
          guard isOwned || style.hasPlaceholders else { continue }
          let shape = isOwned ? slot.shape(for: variable.stored.shape) : []
          guard next < stored.count, stored[next].shape == shape else { return nil }
          if isOwned {
            places.append(Place(slot: slot, variable: variable.stored, parameter: variable.parameter, index: next))
          }
          next += 1
        }
      }
      if style.endsWithProduct || form.isMultiple && part.className == "Nadam" {
        guard let product = numbers(1) else { return nil }
        scheduleProduct = product.lowerBound
      } else if part.className == "Nadam", style.numbers == 2, !together || stored.last?.shape.isEmpty != true {
        // Beside the step count of Keras 2.3 and of tf.keras up to 2.10.
        scheduleProduct = header.lowerBound + 1
      }
    }
    if style.hasUnused { next += variables.count }
    guard next == stored.count else { return nil }
  }

  private static func slotsLieTogether(_ model: LoadedModel, _ form: OptimizerForm) -> Bool {
    if ["Ftrl", "Adafactor", "Muon"].contains(form.parts.first?.className) { return true }
    guard let version = model.sourceVersion, version.major < 3 else { return true }
    let config = model.source.trainingConfig
    var optimizer = config?["optimizer_config"]?["config"] ?? config?["optimizer"]?["config"]
    if let inner = optimizer?["inner_optimizer"]?["config"] { optimizer = inner }
    return version >= KerasVersion(2, 11) && optimizer?["is_legacy_optimizer"] == false
  }

  /// The stored arrays of trainable variables in the order of the model's `trainable_weights`.
  private static func trainedVariables(of model: LoadedModel) throws(OptimizerState.Unreadable) -> [Variable] {
    let specs: [(name: String, isTrained: Bool)]
    do {
      specs = try model.network.parameterSpecs().map { ($0.name, $0.spec.trainable && $0.trainable) }
    } catch {
      throw .init(description: "\(error)")
    }
    let rows = Dictionary(
      model.assignment.rows.map { ($0.parameter, $0.storedPaths) }, uniquingKeysWith: { first, _ in first })
    var owners: [String: String] = [:]
    var paths: [String] = []
    for spec in specs where spec.isTrained {
      for path in rows[spec.name] ?? [] {
        paths.append(path)
        owners[path] = spec.name
      }
    }
    func variables(_ arrays: [StoredArray]) -> [Variable] {
      arrays.map { Variable(stored: $0, parameter: owners[$0.path]) }
    }
    switch model.source.weights {
    case .none: return []
    case .groups(let groups):
      let arrays = groups.flatMap(\.arrays).filter { owners[$0.path] != nil }
      // Keras 1 sorted the variables by name before it made the optimizer's.
      guard let version = model.sourceVersion, version.major < 2 else { return variables(arrays) }
      return variables(arrays.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    case .paths(let groups):
      let arrays = Dictionary(
        groups.flatMap(\.arrays).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
      return variables(paths.compactMap { arrays[$0] })
    }
  }
}
