import KerasCore
import KerasModel

/// Masks and embeddings.
enum MaskRules {
  static let lostMask = LayerMeaning(
    id: "embedding-mask-zero-lost", title: "mask_zero of an Embedding was not saved", family: .masks,
    severity: .warning, consequence: .inference, affected: "Keras 0.1 and 0.2, Embedding",
    explanation: """
      The config of Embedding in Keras 0.1 leaves out mask_zero, so a model that masked zeros is read as one that does not,
      and its recurrent layers see the padding. The file cannot show which it was.
      """,
    fix: "Set mask_zero in the config if the model's code has it.",
    find: { layer, subject in
      guard layer.className == "Embedding", subject.canonical.readAs.major == 0, !subject.states(layer, "mask_zero")
      else { return nil }
      return .init(words: "mask_zero (absent)", summary: "This Embedding does not state mask_zero.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3) ? "masked or not: the release did not save it" : "not masked"
    })

  /// Needs the whole model: where a mask ends.
  struct Dropped: MeaningRule {
    let id = "mask-dropped-layer"
    let title = "A mask ends at a layer that does not know masks"
    let family = RuleFamily.masks
    let severity = Severity.note
    let consequence = Consequence.inference
    let affected = "Keras 0 and 1 refuse such a model; Keras 2 and later drop the mask"
    let explanation = """
      Keras 0 and 1 raise an error where a masked tensor reaches a layer that does not support masks (Flatten, Conv1D, most
      poolings …); Keras 2 and later drop the mask there, Keras 3 with a warning. Everything behind sees the padding as data.
      """
    let fix = "Nothing if the padding is meant to count from there on."

    func places(in subject: AuditSubject) -> [RulePlace] {
      subject.masks.dropped.compactMap { path in
        guard let layer = subject.layers.first(where: { $0.path == path }) else { return nil }
        return RulePlace(
          layer, at: subject.location(layer), words: "mask",
          summary: "The mask ends at this \(layer.className): what follows sees padded steps as data.")
      }
    }

    func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
      switch release.version.major {
      case 0, 1: .refused("refused when the model is built")
      case 2: "the mask is dropped silently"
      default: "the mask is dropped with a warning"
      }
    }
  }

  static let reconstruction = LayerMeaning(
    id: "autoencoder-reconstruction", title: "An AutoEncoder that predicts its code", family: .masks,
    severity: .warning, consequence: .inference,
    affected: "Keras 0.1 to 0.3, AutoEncoder with output_reconstruction false",
    explanation: """
      With output_reconstruction=False an AutoEncoder of Keras 0.1 and 0.2 trains on the decoder's output and predicts the
      encoder's; in 0.3 it is the encoder's output always. Keras 1 removed the layer.
      """,
    fix: "`convert` writes the encoder, which is what was predicted.",
    find: { layer, subject in
      guard layer.className == "AutoEncoder", subject.savedFields(layer)["output_reconstruction"] == false else {
        return nil
      }
      return .init(
        keys: ["output_reconstruction"], words: "output_reconstruction false",
        summary: "This AutoEncoder predicts its code, not the reconstruction.")
    },
    mean: { _, release, _ in
      switch release.version {
      case ..<KerasVersion(0, 3): "trains on the reconstruction, predicts the code"
      case ..<KerasVersion(1): "the code, in training too"
      default: .refused("the class is gone")
      }
    })

  static let policy = LayerRemark(
    id: "dtype-policy", title: "A mixed precision policy", family: .masks, severity: .note, consequence: .inference,
    affected: "tf.keras 2.4 and later, policies mixed_float16 and mixed_bfloat16",
    explanation: """
      A layer of a mixed policy keeps its weights in float32 and computes in 16 bits. Its predictions carry the rounding of
      the device and library they ran on.
      """,
    fix: "KerasKit rounds where Keras rounds; set the policy float32 for exact results.",
    find: { layer, subject in
      let dtype = layer.config["dtype"]
      let name = dtype?.stringValue ?? dtype?["config"]?["name"]?.stringValue ?? ""
      guard name.hasPrefix("mixed_") else { return nil }
      return .init(
        keys: ["dtype"], summary: "This \(layer.className) has the policy \(name).", then: name, now: "The same.")
    })

  /// A frozen container's flag.
  struct TrainableFlag: AuditRule {
    let id = "trainable-flag"
    let title = "A model inside the model is frozen as a whole"
    let family = RuleFamily.masks
    let severity = Severity.note
    let consequence = Consequence.training
    let affected = "nested models with trainable false; list configs of Keras 1 and 2 lose the flag of a Sequential"
    let explanation = """
      Keras 1 and 2 store trainable=False of a model on the model, Keras 3 on each layer. The list form in which Sequential was
      saved up to 2.2.2 has no place for it, so a Sequential that was frozen as a whole comes back trainable.
      """
    let fix = "Check what trains with `keraskit fine-tune --dry-run`; --freeze freezes by name."

    func check(_ subject: AuditSubject) -> [Finding] {
      var findings: [Finding] = []
      func visit(_ model: JSON, _ path: [String]) {
        for layer in model["config"]?["layers"]?.arrayValue ?? [] where layer["config"]?["layers"] != nil {
          let full = path + [layer["name"]?.stringValue ?? ""]
          if layer["config"]?["trainable"] == false {
            findings.append(
              Finding(
                rule: id, severity: severity, layer: full.joined(separator: "/"),
                location: subject.location(JSONPointer(parsing: layer["source_pointer"]?.stringValue ?? "")),
                summary: "The model '\(full.joined(separator: "/"))' is frozen as a whole.",
                meantWhenSaved: "None of its weights train.", meansNow: "The same, where the reader keeps the flag.",
                advice: fix))
          }
          visit(layer, full)
        }
      }
      visit(subject.canonical.config, [])
      return findings
    }
  }

  /// Calls of shared layers.
  struct NodeIndices: AuditRule {
    let id = "shared-layer-nested-index"
    let title = "Calls of a shared layer are counted from another start"
    let family = RuleFamily.masks
    let severity = Severity.note
    let consequence = Consequence.loading
    let affected = "Keras 1 and 2, models that contain models"
    let explanation = """
      A connection names a layer and which of its calls is meant. Keras 1 and 2 count the calls a layer had anywhere, its
      making inside another model included, so the indices of a nested or shared model may begin above 0 and differ from
      file to file; Keras 3 counts the calls in this model. A reader that takes the number literally connects the wrong
      tensors or finds none.
      """
    let fix = "Nothing: KerasKit counts as the file's release did, and `convert` writes Keras 3's indices."

    func check(_ subject: AuditSubject) -> [Finding] {
      guard (subject.version ?? subject.canonical.readAs).major < 3 else { return [] }
      var findings: [Finding] = []
      subject.source.config?.visitObjects { members, pointer in
        guard let nodes = members["inbound_nodes"]?.arrayValue, let name = members["name"]?.stringValue,
          let first = Self.lowestIndex(nodes), first > 0
        else { return }
        findings.append(
          Finding(
            rule: id, severity: severity, layer: name, location: subject.location(pointer.appending("inbound_nodes")),
            summary: "'\(name)' is connected to call \(first) of a layer, and to none before it.",
            meantWhenSaved: "Calls are counted over the layer's whole life.",
            meansNow: "Calls are counted in this model.",
            advice: fix))
      }
      return findings
    }

    /// The lowest node index among the connections `[layer, node, tensor]`.
    private static func lowestIndex(_ nodes: [JSON]) -> Int? {
      nodes.flatMap { $0.arrayValue ?? [] }.compactMap { $0[1]?.intValue }.min()
    }
  }
}
