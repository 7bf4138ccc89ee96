import Foundation
import KerasCore
import KerasModel

/// Where results of frozen layers that are computed once are kept.
public struct PrefixCacheOptions: Sendable, Hashable {
  /// Bytes in memory, above which they lie in a temporary file; 0 computes them in every step.
  public var memoryLimit = 1 << 30
  /// The file's folder; `nil` is the system's for temporary files.
  ///
  /// The file has no name there and is gone when the program ends.
  public var folder: String?

  public init() {}
}

/// The layers whose results are computed once for each sample, since training changes nothing before or in them.
public struct PrefixSummary: Sendable, Hashable {
  /// In order, by path.
  public var layers: [String]
  /// Numbers kept for each sample; `nil` where shapes depend on the data.
  public var countPerSample: Int?
  /// Bytes kept for all samples, targets and weights included, those of the validation too.
  public var bytes: Int?
  public var isOnDisk: Bool
  /// Only the validation data's, since training draws random numbers before or in these layers.
  public var isOfValidationOnly: Bool
}

/// What may be kept of the prefix's results, shared by training and validation data.
final class CacheBudget {
  private var left: Int
  private let folder: String
  private let isInterested: Bool

  init(_ options: PrefixCacheOptions) {
    left = options.memoryLimit
    isInterested = options.memoryLimit > 0
    folder = options.folder ?? FileManager.default.temporaryDirectory.path
  }

  /// Whether so many bytes would go to disk.
  func goesToDisk(_ bytes: Int) -> Bool { bytes > left }

  /// A place for rows: in memory as long as there is room, else on disk.
  func store(count: Int, rowBytes: Int) throws(TrainingError) -> RowStore? {
    guard isInterested else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: rowBytes)
    let isOnDisk = overflow || goesToDisk(bytes)
    if !isOnDisk { left -= bytes }
    return try RowStore(count: count, rowBytes: rowBytes, isOnDisk: isOnDisk, folder: folder)
  }
}

extension Trainer {
  /// A loss in two parts, if its first layers give the same for a sample in every epoch.
  func splitLoss(_ loss: CompiledLoss, trainedBy training: CompiledLoss) throws(TrainingError) -> SplitLoss? {
    guard options.prefixCache.memoryLimit > 0 else { return nil }
    let changing = training.loss.parameters.filter(\.trainable).map(\.name) + training.loss.updates.map(\.parameter)
    return try SplitLoss(loss, changing: Set(changing), store: store, options: engineOptions)
  }

  /// The batches with their frozen prefix kept, if there is one and a second use of it.
  func caching(
    _ batches: any BatchSequence, _ loss: CompiledLoss, trainedBy training: CompiledLoss, _ budget: CacheBudget,
    epochs: Int
  ) throws(TrainingError) -> (batches: any BatchSequence, loss: CompiledLoss, split: SplitLoss?) {
    guard epochs > 1, (batches as? StreamedBatches)?.knowsNumbers ?? true,
      let split = try splitLoss(loss, trainedBy: training)
    else { return (batches, loss, nil) }
    return (CachedBatches(batches, split, budget), split.rest, split)
  }

  /// What is computed once of training and validation data.
  func prefixSummary(
    _ split: SplitLoss?, _ feed: BatchFeed?, count: Int, validation: (split: SplitLoss, feed: BatchFeed?, count: Int)?
  ) -> PrefixSummary? {
    guard let first = split ?? validation?.split else { return nil }
    var bytes: Int? = 0
    for (split, feed, count) in [split.map { ($0, feed, count) }, validation].compactMap({ $0 }) {
      let own = split.bytesPerSample(feed).flatMap { checkedProduct([$0, count]) }
      bytes = bytes.flatMap { total in own.map { $0 + total } }
    }
    return PrefixSummary(
      layers: first.split.layers, countPerSample: first.split.countPerSample, bytes: bytes,
      isOnDisk: bytes.map { $0 > options.prefixCache.memoryLimit } ?? false, isOfValidationOnly: split == nil)
  }

  /// Why frozen layers are computed in every epoch of training; `nil` if they are not, or there are none.
  func prefixObstacle(_ split: SplitLoss?, _ batches: any BatchSequence, epochs: Int) throws(TrainingError) -> String? {
    guard split == nil, epochs > 1, options.prefixCache.memoryLimit > 0 else { return nil }
    let specs = try modelStep { () throws(ModelError) in try network.parameterSpecs() }
    guard specs.contains(where: { !$0.spec.ownersTrainable }) else { return nil }
    if options.augmentation != nil { return "augmentation changes every sample each time" }
    if let stream = batches as? StreamedBatches, !stream.knowsNumbers {
      return "the data's shuffled order has no sample numbers"
    }
    return "before or in the first of them something is trained, random, or depends on the whole batch"
  }
}
