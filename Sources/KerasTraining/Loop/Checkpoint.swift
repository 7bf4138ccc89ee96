import DataFiles
import KerasCore
import KerasModel
import ZipArchive

/// The whole state of a training run between two steps, from which it goes on to the same weights, bit for bit.
///
/// On disk it is a zip archive that NumPy can read too: `checkpoint.json`, and an array `weights/…`, `optimizer/…/…`,
/// `best/…` or `state/…` per `.npy`. Dropout and shuffling follow from the seed and the position, so that no generator is
/// stored.
public struct Checkpoint: Sendable {
  static let version = 1

  /// Epochs that are complete, validation and callbacks included.
  public var epochsDone: Int
  /// Steps of the epoch begun.
  public var stepsDone: Int
  public var weights: [String: TensorData]
  public var optimizer: OptimizerState?
  /// The weights of the best epoch, where early stopping is to restore them.
  public var best: [String: TensorData]
  public var history: TrainingHistory
  /// What has to be the same for the run to be the same.
  var conditions: JSON
  /// What results depend on by rounding: the threads, and the work from which they are used.
  var arithmetic: JSON
  /// The callbacks', the averages' and the learning rate's numbers by name.
  var numbers: [String: [Double]]

  // MARK: Files

  /// Writes the file, so that it appears only when it is complete.
  public func write(to path: String) throws(TrainingError) {
    do {
      let zip = try ZipWriter(replacing: path)
      try zip.add("checkpoint.json", Array(description.text().utf8))
      for (name, data) in weights.sorted(by: { $0.key < $1.key }) {
        try zip.add("weights/\(name).npy", NumpyFile.bytes(data))
      }
      for (slot, arrays) in (optimizer?.slots ?? [:]).sorted(by: { $0.key < $1.key }) {
        for (name, data) in arrays.sorted(by: { $0.key < $1.key }) {
          try zip.add("optimizer/\(slot)/\(name).npy", NumpyFile.bytes(data))
        }
      }
      for (name, data) in best.sorted(by: { $0.key < $1.key }) {
        try zip.add("best/\(name).npy", NumpyFile.bytes(data))
      }
      for (name, values) in numbers.sorted(by: { $0.key < $1.key }) {
        try zip.add("state/\(name).npy", NumpyFile.bytes(try TensorData(shape: [values.count], doubles: values)))
      }
      try zip.finish()
    } catch {
      throw .checkpoint(path: path, reason: "the checkpoint cannot be written: \(error)")
    }
  }

  private var description: JSON {
    var json: JSON = [
      "format": "keraskit checkpoint", "version": JSON(Self.version), "epochs_done": JSON(epochsDone),
      "steps_done": JSON(stepsDone), "conditions": conditions, "arithmetic": arithmetic,
      "history": .array(history.epochs.map(\.json)),
    ]
    if let optimizer {
      json["optimizer"] = [
        "class_name": .string(optimizer.className), "iterations": JSON(optimizer.iterations),
      ]
      if let scale = optimizer.lossScale {
        json["loss_scale"] = [.number(Double(scale.scale)), JSON(scale.steps)]
      }
    }
    return json
  }

  /// Reads a file that `write` wrote; throws `TrainingError.checkpoint` for any other.
  public static func read(_ path: String) throws(TrainingError) -> Checkpoint {
    do {
      return try Checkpoint(archive: ZipReader(path: path), path: path)
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .checkpoint(path: path, reason: "not a checkpoint: \(error)")
    }
  }

  private init(archive: ZipReader, path: String) throws {
    let json = try JSON(parsing: archive.read("checkpoint.json"))
    guard json["format"]?.stringValue == "keraskit checkpoint", let version = json["version"]?.intValue,
      let epochs = json["epochs_done"]?.intValue, let steps = json["steps_done"]?.intValue, epochs >= 0, steps >= 0
    else { throw TrainingError.checkpoint(path: path, reason: "not a checkpoint") }
    guard version == Self.version else {
      throw TrainingError.checkpoint(
        path: path, reason: "a checkpoint of version \(version); this program reads version \(Self.version)")
    }
    epochsDone = epochs
    stepsDone = steps
    conditions = json["conditions"] ?? .null
    arithmetic = json["arithmetic"] ?? .object([:])
    history = TrainingHistory()
    history.epochs = (json["history"]?.arrayValue ?? []).compactMap { TrainingHistory.Epoch($0) }
    (weights, best, numbers) = ([:], [:], [:])
    var slots: [String: [String: TensorData]] = [:]
    for member in archive.members where member.name.hasSuffix(".npy") {
      let parts = member.name.dropLast(4).split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      let data = try NumpyFile.read(archive.read(member.name), file: path, member: member.name)
      switch parts[0] {
      case "weights": weights[parts[1]] = data
      case "best": best[parts[1]] = data
      case "state": numbers[parts[1]] = try data.doubles()
      case "optimizer":
        let slot = parts[1].split(separator: "/", maxSplits: 1).map(String.init)
        if slot.count == 2 { slots[slot[0], default: [:]][slot[1]] = data }
      default: continue
      }
    }
    if let stated = json["optimizer"], let name = stated["class_name"]?.stringValue,
      let iterations = stated["iterations"]?.intValue
    {
      optimizer = OptimizerState(
        form: OptimizerForm(className: name, parts: []), iterations: iterations, slots: slots)
      if let scale = json["loss_scale"]?[0]?.doubleValue, let steps = json["loss_scale"]?[1]?.intValue {
        optimizer?.lossScale = .init(scale: Float(scale), steps: steps)
      }
    }
  }

  init(
    epochsDone: Int, stepsDone: Int, weights: [String: TensorData], optimizer: OptimizerState?,
    best: [String: TensorData], history: TrainingHistory, conditions: JSON, arithmetic: JSON,
    numbers: [String: [Double]]
  ) {
    self.epochsDone = epochsDone
    self.stepsDone = stepsDone
    self.weights = weights
    self.optimizer = optimizer
    self.best = best
    self.history = history
    self.conditions = conditions
    self.arithmetic = arithmetic
    self.numbers = numbers
  }
}
