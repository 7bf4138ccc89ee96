import KerasCore
import KerasFile

/// An optimizer's state as a file holds it, in the canonical layout of the weights.
///
/// Each slot goes through the loader as the weights it belongs to did, so that what is transposed, flipped or fused there
/// is so here.
public struct OptimizerState: Sendable, Hashable {
  /// What a LossScaleOptimizer keeps.
  public struct LossScale: Sendable, Hashable {
    public var scale: Float
    /// Steps since the scale changed.
    public var steps: Int

    public init(scale: Float, steps: Int) {
      self.scale = scale
      self.steps = steps
    }
  }

  public var form: OptimizerForm
  /// Updates made, 0 where the release did not save it.
  public var iterations: Int
  /// Slot name → parameter name → array; variables that were never updated have none.
  public var slots: [String: [String: TensorData]]
  public var lossScale: LossScale?
  /// Nadam's product of its momentum schedule.
  public var scheduleProduct: Float?

  /// Why a file's state was not taken.
  public struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
  }

  public init(
    form: OptimizerForm, iterations: Int, slots: [String: [String: TensorData]] = [:], lossScale: LossScale? = nil,
    scheduleProduct: Float? = nil
  ) {
    self.form = form
    self.iterations = iterations
    self.slots = slots
    self.lossScale = lossScale
    self.scheduleProduct = scheduleProduct
  }

  /// The Keras class name of the optimizer.
  public var className: String { form.className }

  /// Reads the state of `model` for an optimizer of that form; `nil` if the file holds none.
  ///
  /// Throws `Unreadable` where number or shapes of the arrays are not the optimizer's.
  public init?(_ model: LoadedModel, form: OptimizerForm) throws(Unreadable) {
    let stored = model.optimizerArrays
    guard let layout = try OptimizerLayout(of: model, form: form) else { return nil }
    self.init(form: form, iterations: 0)
    if let place = layout.iterations.last { iterations = try Self.count(stored[place]) }
    if let places = layout.lossScale {
      lossScale = LossScale(
        scale: Float(try Self.number(stored[places.scale])), steps: try Self.count(stored[places.steps]))
    }
    if let place = layout.scheduleProduct { scheduleProduct = Float(try Self.number(stored[place])) }
    for slot in form.slots {
      let places = layout.places.filter { $0.slot.name == slot.name }
      if slot.extent == .variable {
        let arrays = places.map { (path: $0.variable.path, array: stored[$0.index]) }
        let own = Set(places.compactMap(\.parameter))
        let converted = try Self.converted(model, Dictionary(arrays, uniquingKeysWith: { first, _ in first }))
        slots[slot.name] =
          slot.owners == .all && form.parts.count == 1 ? converted : converted.filter { own.contains($0.key) }
      } else {
        for place in places {
          guard let parameter = place.parameter else {
            throw Unreadable(description: "the array of '\(slot.name)' for \(place.variable.path) has no weight")
          }
          do {
            slots[slot.name, default: [:]][parameter] = try stored[place.index].read()
          } catch {
            throw Unreadable(description: "\(error)")
          }
        }
      }
    }
  }

  /// A variable's array of a slot: the state's, or as the optimizer begins.
  public func array(_ slot: OptimizerSlot, of parameter: String, weight: TensorData) throws(TensorDataError)
    -> TensorData
  {
    if let known = slots[slot.name]?[parameter] { return known }
    switch slot.start {
    case .value(let value): return try .filled(value, shape: slot.shape(for: weight.shape))
    case .weights: return weight
    }
  }

  private static func number(_ array: StoredArray) throws(Unreadable) -> Double {
    do {
      return try array.read().doubles().first ?? 0
    } catch {
      throw Unreadable(description: "a number of the state: \(error)")
    }
  }

  private static func count(_ array: StoredArray) throws(Unreadable) -> Int {
    let value = try number(array)
    guard value >= 0, value < 1e15 else { throw Unreadable(description: "the step count is \(value)") }
    return Int(value)
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
    var options = model.options
    options.readsWeights = true
    do {
      return try LoadedModel.load(source: source, options: options).weights
    } catch {
      throw Unreadable(description: "\(error)")
    }
  }
}
