import KerasCore
import OrderedCollections

/// Which dropout masks a recurrent layer of an older release drew; read in the sources and recorded.
///
/// Keras 3 draws one input mask, and masks for every gate if there is recurrent dropout. Older releases followed
/// `implementation` (Keras 1: `consume_less`), which Keras 3 does not save.
enum RecurrentDropoutRules {
  static let rule = "recurrent-dropout"

  /// The canonical fields that say it, where it is not what Keras 3 does with the same rates.
  static func fields(
    _ className: String, _ saved: OrderedDictionary<String, JSON>, _ era: Era,
    canonical: OrderedDictionary<String, JSON>
  ) -> [(key: String, value: JSON)] {
    let rate = canonical["dropout"]?.doubleValue ?? 0
    let stateRate = canonical["recurrent_dropout"]?.doubleValue ?? 0
    guard era.dialect < .keras3, rate > 0 || stateRate > 0 else { return [] }
    let hasGates = !className.hasPrefix("SimpleRNN")
    let separates = computesGatesApart(className, saved, era, stateRate: stateRate)
    var input = hasGates && separates ? RecurrentDropout.InputMasks.perGate : .single
    var state = hasGates && separates ? RecurrentDropout.StateMasks.perGate : .single
    // `h_tm1 *= mask` before the update gate's mixture, since there are cells.
    if className.hasPrefix("GRU"), !separates, era.version >= KerasVersion(2, 0, 9) { state = .carried }
    if drawsEachStep(className, saved, era), stateRate == 0 { input = .eachStep }
    // The condition on `implementation` was the wrong way round; so was SimpleRNN's in Keras 1.
    if era.dialect == .keras2, era.version < KerasVersion(2, 0, 3), !era.version.isTensorFlow,
      saved["implementation"] != 0, saved["implementation"] != nil
    {
      input = .none
    }
    if era.dialect == .keras1, !hasGates, saved["consume_less"] != "cpu", saved["consume_less"] != nil {
      input = .none
    }
    let standard = hasGates && stateRate > 0
    var fields: [(key: String, value: JSON)] = []
    if rate > 0, input != (standard ? .perGate : .single) {
      fields.append((RecurrentDropout.inputKey, .string(input.rawValue)))
    }
    if stateRate > 0, state != (standard ? .perGate : .single) {
      fields.append((RecurrentDropout.stateKey, .string(state.rawValue)))
    }
    return fields
  }

  /// Which masks a release draws for a layer's saved fields; `nil` where there is no such dropout.
  static func masks(
    _ className: String, saved: OrderedDictionary<String, JSON>, canonical: OrderedDictionary<String, JSON>,
    in version: KerasVersion
  ) -> (input: String?, state: String?) {
    let stated = Dictionary(
      fields(className, saved, Era(release: version), canonical: canonical).map { ($0.key, $0.value.stringValue) },
      uniquingKeysWith: { first, _ in first })
    let stateRate = canonical["recurrent_dropout"]?.doubleValue ?? 0
    let standard = stateRate > 0 && !className.hasPrefix("SimpleRNN") ? "per_gate" : "single"
    let rate = canonical["dropout"]?.doubleValue ?? 0
    return (
      rate > 0 ? (stated[RecurrentDropout.inputKey] ?? standard) : nil,
      stateRate > 0 ? (stated[RecurrentDropout.stateKey] ?? standard) : nil
    )
  }

  private static func computesGatesApart(
    _ className: String, _ saved: OrderedDictionary<String, JSON>, _ era: Era, stateRate: Double
  ) -> Bool {
    if era.dialect <= .keras1 { return saved["consume_less"] != "gpu" }
    // tf.keras from TensorFlow 2.1 on: recurrent dropout forces `implementation=1`.
    if isTensorFlow2(era), stateRate > 0, era.version > KerasVersion(2, 2, 4) { return true }
    // The default was 2 in Keras 2.3 only.
    return (saved["implementation"]?.intValue ?? (era.version >= KerasVersion(2, 3, 0) ? 2 : 1)) != 2
  }

  /// Whether the layer of TensorFlow 2 could run on cuDNN, with whose kernel it shares its code.
  ///
  /// TensorFlow 1.13 to 2.0 stamp 2.2.4-tf alike; `implementation=2` was the default of the latter only.
  private static func drawsEachStep(
    _ className: String, _ saved: OrderedDictionary<String, JSON>, _ era: Era
  ) -> Bool {
    ["LSTM", "GRU"].contains(className) && isTensorFlow2(era)
      && (era.version > KerasVersion(2, 2, 4) || saved["implementation"] == 2)
      && saved["activation"] == "tanh" && saved["recurrent_activation"] == "sigmoid" && saved["unroll"] != true
      && saved["use_bias"] != false && saved["reset_after"] != false
  }

  private static func isTensorFlow2(_ era: Era) -> Bool {
    era.dialect == .keras2 && era.version >= (era.version.isTensorFlow ? KerasVersion(2, 2, 4) : KerasVersion(2, 4, 0))
  }
}

/// What the dropout of recurrent layers drew, for those who compare releases.
public enum RecurrentDropoutHistory {
  /// Which masks `version` draws on the input and on the state for a layer saved with these fields: `single`, `per_gate`,
  /// `each_step`, `carried` or `none`; `nil` where there is no such dropout.
  public static func masks(
    className: String, saved: OrderedDictionary<String, JSON>, canonical: OrderedDictionary<String, JSON>,
    in version: KerasVersion
  ) -> (input: String?, state: String?) {
    RecurrentDropoutRules.masks(className, saved: saved, canonical: canonical, in: version)
  }
}
