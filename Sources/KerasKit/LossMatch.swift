import KerasAudit
import KerasCore
import KerasEngine
import KerasModel
import KerasTraining

/// What a model's l1 and l2 of activity regularizers are to be multiplied by so that two releases' losses agree.
public struct LossMatch: Sendable {
  /// Factors to use in `reader` so that it computes the loss of `writer`.
  public struct Direction: Sendable {
    public var reader: Release
    public var writer: Release
    public var layers: [ActivityMatch]

    /// No constant factor does it for one of the layers.
    public var isRefused: Bool {
      layers.contains { if case .refused = $0.outcome { true } else { false } }
    }
  }

  public var batchSize: Int
  /// The file's own loss in the other release.
  public var forward: Direction
  /// The other release's loss in the file's own.
  public var backward: Direction

  /// The factors for scripts.
  public var json: JSON {
    func direction(_ direction: Direction) -> JSON {
      [
        "train_in": .string(direction.reader.description), "loss_of": .string(direction.writer.description),
        "layers": .array(
          direction.layers.map { match in
            var json: JSON = ["layer": .string(match.layer), "factor": .null, "reason": .null]
            switch match.outcome {
            case .factor(let factor):
              json["factor"] = .number(factor)
              if case .l1l2(let l1, let l2) = match.regularizer {
                json["l1"] = .number(l1 * factor)
                json["l2"] = .number(l2 * factor)
              }
              json["full_batches_only"] = .bool(match.isOfFullBatches)
            case .refused(let reason): json["reason"] = .string(reason)
            }
            return json
          }),
      ]
    }
    return ["batch_size": JSON(batchSize), "forward": direction(forward), "backward": direction(backward)]
  }

  /// Compares the release that saved `source` with `other`, or with `target` if they are one and the same.
  ///
  /// `shapes` are the data's shapes by input, for models that leave the number of steps open. Weights are not read. Throws
  /// `KerasKitError.badRequest` if the file does not say which release saved it, and what keeps the model from being
  /// understood.
  public init(
    _ source: ModelSource, other: Release, target: Release = .current, batchSize: Int, shapes: [String: [Int]] = [:],
    mappings: [ObjectMapping] = []
  ) throws(KerasKitError) {
    self = try KerasKitError.wrap {
      guard batchSize > 0 else { throw KerasKitError.badRequest("the batch size should be at least 1") }
      let canonical = try EraUpgrade.upgrade(source, mappings: mappings)
      let releases = AuditSubject(source: source, canonical: canonical).savedReleases
      guard let saved = releases.first, releases.count == 1 else {
        throw KerasKitError.badRequest(
          "the file does not say which release saved it, so its loss is not known: state it with --keras-version")
      }
      let network = try Network(canonical: canonical.config)
      let reader = other.version == saved.version && other.isTheano == saved.isTheano ? target : other
      func direction(_ reader: Release, _ writer: Release) throws(TrainingError) -> Direction {
        Direction(
          reader: reader, writer: writer,
          layers: try ActivityMatch.factors(
            for: network, reader: reader.training, writer: writer.training, batchSize: batchSize, shapes: shapes))
      }
      return LossMatch(
        batchSize: batchSize, forward: try direction(reader, saved), backward: try direction(saved, reader))
    }
  }

  private init(batchSize: Int, forward: Direction, backward: Direction) {
    self.batchSize = batchSize
    self.forward = forward
    self.backward = backward
  }
}
