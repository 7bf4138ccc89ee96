import KerasCore
import KerasFile

/// A variable of the model that a stored array is to fill.
struct WeightTarget: Sendable {
  var parameter: String
  /// The object below the layer that owns it: empty, or `cell`.
  var holder: String
  var role: String
  var shape: [Int]
  var isTrainable: Bool
  /// What a variable without a stored array is given.
  var initializer: JSON = .null
}

/// A converted weight and where it came from.
struct ConvertedWeight {
  var target: WeightTarget
  var data: TensorData
  var sources: [StoredArray]
  var conversion: String?
}

/// Which stored arrays make a weight and how, before any is read.
struct PlannedWeight: Sendable {
  enum Making: Sendable {
    case whole(isCuDNN: Bool)
    /// Keras 1's gate-by-gate arrays, side by side.
    case gates
    /// A number that stands for what Keras 0.1 did not save.
    case lost(Float)
  }

  var target: WeightTarget
  var sources: [StoredArray]
  var making: Making
}

/// Brings the stored arrays of one layer, in stored order, to its variables in the canonical layout.
struct LayerWeights {
  var era: Era
  var className: String
  var config: JSON
  var targets: [WeightTarget]
  /// Keras 1's `consume_less`: in the `gpu` form the gates are stored together.
  var consumeLess: String?

  /// How many arrays the layer's era stored for it, and which of them were trainable.
  var storedSlots: [Bool] {
    let isKeras1 = era.dialect <= .keras1 && consumeLess != "gpu"
    switch className {
    case "LSTM" where isKeras1 && targets.count == 3, "ConvLSTM2D" where isKeras1 && targets.count == 3:
      return Array(repeating: targets[0].isTrainable, count: 12)
    case "GRU" where isKeras1 && targets.count == 3: return Array(repeating: targets[0].isTrainable, count: 9)
    default: return targets.map(\.isTrainable)
    }
  }

  func convert(_ arrays: [StoredArray]) throws(ModelError) -> [ConvertedWeight] {
    var converted: [ConvertedWeight] = []
    for weight in try planned(arrays) { converted.append(try convert(weight)) }
    return converted
  }

  /// Which arrays fill which variable; throws `weightCount` and reads nothing.
  func planned(_ arrays: [StoredArray]) throws(ModelError) -> [PlannedWeight] {
    if let gates = RecurrentLayout.separateGates(className: className, count: arrays.count),
      targets.count == gates.count
    {
      let ordered = inGateOrder(arrays)
      return zip(targets, gates).map { target, indices in
        PlannedWeight(target: target, sources: indices.map { ordered[$0] }, making: .gates)
      }
    }
    if className == "BatchNormalization", arrays.count == 2, targets.count == 4, era.version < KerasVersion(0, 2, 0) {
      return withLostStatistics(arrays)
    }
    // Keras 3's wrapper stores the kernel of the layer inside once more.
    if className == "SpectralNormalization", targets.count == 1, arrays.count == 2 {
      return try planned(Array(arrays.suffix(1)))
    }
    guard arrays.count == targets.count else {
      throw ModelError(
        .weightCount(
          expected: targets.map { "\($0.role) \(Shape($0.shape))" },
          found: arrays.map { "\($0.name) \(Shape($0.shape))" }))
    }
    let pairs = paired(arrays)
    let isCuDNN = isCuDNN(pairs)
    return pairs.map { PlannedWeight(target: $0.target, sources: [$0.array], making: .whole(isCuDNN: isCuDNN)) }
  }

  /// Whether the shapes alone say that the weight can be made.
  func fits(_ weight: PlannedWeight) -> Bool {
    switch weight.making {
    case .whole(let isCuDNN): weight.sources.allSatisfy { fits($0.shape, weight.target, isCuDNN: isCuDNN) }
    case .gates:
      gateTarget(weight.target, count: weight.sources.count).map { part in
        weight.sources.allSatisfy { fits($0.shape, part) }
      } ?? false
    case .lost: true
    }
  }

  /// Reads a weight and brings it into the canonical layout.
  func convert(_ weight: PlannedWeight) throws(ModelError) -> ConvertedWeight {
    let (target, sources) = (weight.target, weight.sources)
    switch weight.making {
    case .whole(let isCuDNN):
      guard let array = sources.first else { throw ModelError(.missingWeight(target.parameter)) }
      let (data, conversion) = try convert(array, to: target, isCuDNN: isCuDNN)
      guard data.shape == target.shape else {
        throw ModelError(.weightShape(target.role, expected: target.shape, found: array.shape))
      }
      return ConvertedWeight(target: target, data: data, sources: sources, conversion: conversion)
    case .gates: return try fused(weight)
    case .lost(let value):
      guard let data = try? TensorData.filled(value, shape: target.shape) else {
        throw ModelError(.missingWeight(target.parameter))
      }
      return ConvertedWeight(target: target, data: data, sources: [], conversion: "not saved by Keras 0.1")
    }
  }

  /// Whether these arrays, by number and shapes alone, can be the layer's.
  func accepts(_ arrays: [StoredArray]) -> Bool {
    if let gates = RecurrentLayout.separateGates(className: className, count: arrays.count),
      targets.count == gates.count
    {
      let ordered = inGateOrder(arrays)
      return zip(targets, gates).allSatisfy { target, indices in
        guard let part = gateTarget(target, count: indices.count) else { return false }
        return indices.allSatisfy { fits(ordered[$0].shape, part) }
      }
    }
    if className == "SpectralNormalization", targets.count == 1, arrays.count == 2 {
      return accepts(Array(arrays.suffix(1)))
    }
    guard arrays.count == targets.count else { return false }
    let pairs = paired(arrays)
    let isCuDNN = isCuDNN(pairs)
    return pairs.allSatisfy { fits($0.array.shape, $0.target, isCuDNN: isCuDNN) }
  }

  private func fits(_ stored: [Int], _ target: WeightTarget, isCuDNN: Bool = false) -> Bool {
    if LayerAxes.isConvolution(className), target.role.hasSuffix("kernel") {
      return kernelLayout.layout(role: target.role, stored: stored, to: target.shape) != nil
    }
    let isReshaped = isCuDNN || className.hasPrefix("LocallyConnected2D")
    guard target.role == "bias", isReshaped else { return stored == target.shape }
    if isCuDNN, className == "LSTM" { return stored == target.shape.map { $0 * 2 } }
    return stored == target.shape || checkedProduct(stored) == checkedProduct(target.shape)
  }

  private var kernelLayout: KernelLayout {
    KernelLayout(era: era, className: className, isChannelsFirst: config["data_format"] == "channels_first")
  }

  /// One gate's part of a fused variable.
  private func gateTarget(_ target: WeightTarget, count: Int) -> WeightTarget? {
    guard let width = target.shape.last, width % count == 0 else { return nil }
    var part = target
    part.shape[target.shape.count - 1] = width / count
    return part
  }

  // MARK: Which array is which

  /// By the variables' names if they are the roles, else in order; where the order does not fit, by shapes that occur once.
  private func paired(_ arrays: [StoredArray]) -> [(target: WeightTarget, array: StoredArray)] {
    for role in [{ Self.role(of: $0) }, { Keras1Name($0).canonicalRole(in: className) ?? $0 }] as [(String) -> String] {
      var byRole: [String: StoredArray] = [:]
      for array in arrays { byRole[role(array.name)] = array }
      if byRole.count == arrays.count, targets.allSatisfy({ byRole[$0.role] != nil }) {
        return targets.compactMap { target in byRole[target.role].map { (target: target, array: $0) } }
      }
    }
    if className == "Highway", arrays.count == 4, arrays[1].shape.count == 2 {
      return zip(targets, [arrays[0], arrays[2], arrays[1], arrays[3]]).map { (target: $0, array: $1) }
    }
    let inOrder = zip(targets, arrays).map { (target: $0, array: $1) }
    if inOrder.contains(where: { !fits($0.array.shape, $0.target) }) {
      let byShape = targets.compactMap { target in
        let fitting = arrays.filter { fits($0.shape, target) }
        return fitting.count == 1 ? (target: target, array: fitting[0]) : nil
      }
      if byShape.count == targets.count, Set(byShape.map(\.array.path)).count == arrays.count { return byShape }
    }
    return inOrder
  }

  /// Keras 1's gate arrays in its own order, whatever order the file has them in.
  private func inGateOrder(_ arrays: [StoredArray]) -> [StoredArray] {
    let gates = className.hasPrefix("GRU") ? ["z", "r", "h"] : ["i", "c", "f", "o"]
    let roles = gates.flatMap { gate in ["W", "U", "b"].map { "\($0)_\(gate)" } }
    var byRole: [String: StoredArray] = [:]
    for array in arrays { if let role = Keras1Name(array.name).role { byRole[role] = array } }
    let ordered = roles.compactMap { byRole[$0] }
    return ordered.count == arrays.count ? ordered : arrays
  }

  /// The last component of a variable's name, without TensorFlow's `:0` and a counter.
  static func role(of name: String) -> String {
    let base = name.components(after: "/")
    let stem = base.split(separator: ":", maxSplits: 1).first.map(String.init) ?? base
    if let mark = stem.lastIndex(of: "_"), stem[stem.index(after: mark)...].allSatisfy(\.isNumber) {
      return String(stem[..<mark])
    }
    return stem
  }

  // MARK: Conversions

  private func convert(
    _ array: StoredArray, to target: WeightTarget, isCuDNN: Bool = false
  ) throws(ModelError) -> (TensorData, String?) {
    let stored = try read(array)
    if isTakenAsStored(array, target, isCuDNN: isCuDNN) { return (stored, nil) }
    do {
      if LayerAxes.isConvolution(className), target.role.hasSuffix("kernel") {
        guard let converted = try kernelLayout.convert(stored, role: target.role, to: target.shape) else {
          throw ModelError(.weightShape(target.role, expected: target.shape, found: stored.shape))
        }
        return converted
      }
      if isCuDNN, let converted = try fromCuDNN(stored, target) { return converted }
      if className == "BatchNormalization", target.role == "moving_variance", let epsilon = storedDeviationEpsilon {
        return (try stored.mapped { ($0 + epsilon) * ($0 + epsilon) - epsilon }, "standard deviation to variance")
      }
      if className.hasPrefix("LocallyConnected2D"), target.role == "bias", stored.shape != target.shape {
        return (try stored.reshaped(target.shape), "reshaped")
      }
      return (stored, nil)
    } catch let error as TensorDataError {
      throw ModelError(.malformedConfig("the weight '\(array.name)': \(error)"))
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.malformedConfig("\(error)"))
    }
  }

  /// The one array of a weight that nothing has to be done to.
  func arrayTakenAsStored(_ weight: PlannedWeight) -> StoredArray? {
    guard case .whole(let isCuDNN) = weight.making, let array = weight.sources.first,
      isTakenAsStored(array, weight.target, isCuDNN: isCuDNN)
    else { return nil }
    return array
  }

  private func isTakenAsStored(_ array: StoredArray, _ target: WeightTarget, isCuDNN: Bool) -> Bool {
    let isConvolution = LayerAxes.isConvolution(className) && target.role.hasSuffix("kernel")
    let isDeviation =
      className == "BatchNormalization" && target.role == "moving_variance" && storedDeviationEpsilon != nil
    return !isConvolution && !isCuDNN && !isDeviation && array.shape == target.shape
  }

  private func read(_ array: StoredArray) throws(ModelError) -> TensorData {
    do {
      return try array.read()
    } catch {
      throw ModelError(.file(error))
    }
  }

  private func fromCuDNN(_ stored: TensorData, _ target: WeightTarget) throws -> (TensorData, String?)? {
    let gates = className == "LSTM" ? 4 : 3
    let data: TensorData? =
      switch target.role {
      case "kernel": try RecurrentLayout.kernelFromCuDNN(stored, gates: gates)
      case "recurrent_kernel": try RecurrentLayout.recurrentFromCuDNN(stored, gates: gates)
      case "bias" where className == "LSTM": try RecurrentLayout.lstmBiasFromCuDNN(stored)
      case "bias": try stored.reshaped(target.shape)
      default: nil
      }
    return data.map { ($0, "from CuDNN's layout") }
  }

  /// CuDNN layers are known by their biases: 8 (LSTM) or 6 (GRU) per unit, in one row.
  private func isCuDNN(_ pairs: [(target: WeightTarget, array: StoredArray)]) -> Bool {
    guard let bias = pairs.first(where: { $0.target.role == "bias" }), let width = bias.array.shape.first else {
      return false
    }
    return switch className {
    case "LSTM": bias.array.shape.count == 1 && width == 2 * (bias.target.shape.last ?? 0)
    case "GRU":
      bias.array.shape.count == 1 && bias.target.shape.count == 2 && width == 2 * (bias.target.shape.last ?? 0)
    default: false
    }
  }

  /// ε of the era's formula, if its fourth array is a standard deviation.
  private var storedDeviationEpsilon: Double? {
    let isDeviation =
      era.dialect <= .keras1
      && (era.version < KerasVersion(1, 0, 6) || era.version == KerasVersion(1, 0, 6) && era.isTheano)
    return isDeviation ? config["epsilon"]?.doubleValue ?? 1e-6 : nil
  }

  /// Keras 1's gate-by-gate arrays, side by side.
  private func fused(_ weight: PlannedWeight) throws(ModelError) -> ConvertedWeight {
    let target = weight.target
    let gateTarget = gateTarget(target, count: weight.sources.count) ?? target
    var parts: [TensorData] = []
    var steps: String?
    for source in weight.sources {
      let (part, step) = try convert(source, to: gateTarget)
      parts.append(part)
      steps = step
    }
    let data: TensorData
    do {
      data = try TensorData.concatenated(parts)
    } catch {
      throw ModelError(.weightShape(target.role, expected: target.shape, found: parts.first?.shape ?? []))
    }
    guard data.shape == target.shape else {
      throw ModelError(.weightShape(target.role, expected: target.shape, found: data.shape))
    }
    let what = "\(weight.sources.count) gates joined"
    return ConvertedWeight(
      target: target, data: data, sources: weight.sources, conversion: steps.map { "\($0), \(what)" } ?? what)
  }

  /// Keras 0.1 saved no statistics: after loading it normalised with mean 0 and deviation 1.
  private func withLostStatistics(_ arrays: [StoredArray]) -> [PlannedWeight] {
    let epsilon = config["epsilon"]?.doubleValue ?? 1e-6
    let fresh: [Float] = [0, Float((1 + epsilon) * (1 + epsilon) - epsilon)]
    return targets.enumerated().map { index, target in
      index < 2
        ? PlannedWeight(target: target, sources: [arrays[index]], making: .whole(isCuDNN: false))
        : PlannedWeight(target: target, sources: [], making: .lost(fresh[index - 2]))
    }
  }
}
