import KerasCore
import OrderedCollections

/// `enable_lora` of a layer of Keras 3.
///
/// A file holds the kernel with the adaptation added (quantized anew where it is), and a model read from it begins with an
/// adaptation of zero, so the layer computes as without. Its kernel is not trained.
struct LowRankAdaptation: Sendable {
  let rank: Int
  let alpha: JSON

  init?(_ config: inout ConfigReader) throws(ModelError) {
    alpha = config.json("lora_alpha")
    guard !config.json("lora_rank").isNull else { return nil }
    rank = try config.positiveInt("lora_rank")
  }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields["lora_rank"] = JSON(rank)
    fields["lora_alpha"] = alpha
  }
}
