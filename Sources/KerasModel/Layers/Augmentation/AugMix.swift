import KerasCore
import KerasGraph

/// In training mixes several chains of random augmentations; the images themselves at inference.
///
/// The layers of a chain are chosen anew for each batch. (Keras chooses them by Python's generator when it traces the
/// step, so that a compiled `fit` keeps its first choice.)
public struct AugMix: ImageAugmentation {
  public static let className = "AugMix"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  private static let plain = [
    "random_shear", "random_translation", "random_rotation", "random_posterization", "solarization", "auto_contrast",
    "equalization",
  ]
  private static let colours = [
    "random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness",
  ]

  private var names: [String] { fields["all_ops"] == false ? Self.plain : Self.plain + Self.colours }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    var draws = Draws()
    let once = try context.perBatch(images)
    let alpha = context.constant(Float(try fields.number("alpha", default: 1)))
    draws["weight_sample"] = try context.beta(like: once, alpha)
    let (chains, depth) = (try count("num_chains"), try count("chain_depth"))
    // A Dirichlet distribution: gamma numbers over their sum.
    var logarithms: [Value] = []
    for _ in 0..<chains { logarithms.append(try context.logGamma(like: once, alpha)) }
    let weights = try context.op(.softmax(axis: 3), context.ops(.concatenate(axis: 3), logarithms)[0])
    for chain in 0..<chains {
      draws["chain_weight_\(chain)"] = try context.sliced(weights, axis: 3, from: chain, to: chain + 1)
      for step in 0..<depth {
        let place = "\(chain)_\(step)"
        // One more: nothing is done.
        let choice = try context.uniform(like: once, DrawRange(0, Double(names.count + 1)))
        draws["layer_" + place] = try context.f(.floor, choice)
        for name in names {
          let inner = try InnerAugmentation.named(name, in: fields).draw(images, &context)
          draws.add(inner, inside: place + "/" + name)
        }
      }
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var mixed: Value?
    for chain in 0..<(try count("num_chains")) {
      var result = images
      for step in 0..<(try count("chain_depth")) {
        let place = "\(chain)_\(step)"
        let choice = try draws("layer_" + place)
        let given = result
        for (index, name) in names.enumerated() {
          let changed = try InnerAugmentation.named(name, in: fields)
            .transformed(given, by: draws.inside(place + "/" + name), &context)
          result = try context.op(.select, context.f(.equal, choice, Float(index)), changed, result)
        }
      }
      let part = try context.f(.multiply, result, draws("chain_weight_\(chain)"))
      mixed = try mixed.map { others throws(ModelError) in try context.f(.add, others, part) } ?? part
    }
    guard let mixed else { return images }
    let result = try context.blended(mixed, images, share: draws("weight_sample"))
    return try context.clipped(result, to: fields.valueRange())
  }

  private func count(_ key: String) throws(ModelError) -> Int {
    let count = try fields.number(key, default: 3)
    guard count == count.rounded(), (1...16).contains(count) else { throw fields.wrong(key, "1 to 16") }
    return Int(count)
  }
}
