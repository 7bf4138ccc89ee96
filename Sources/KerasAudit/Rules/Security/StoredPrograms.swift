import KerasCore
import KerasFile

/// Layers that run a program which is stored in the file or beside it.
struct StoredProgram: SavedTextRule {
  let id: String
  let title: String
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected: String
  let explanation: String
  let fix = """
    Load it only if you trust its origin; KerasKit refuses such a layer. Rebuild it from built-in layers to carry the model on.
    """
  /// The classes, and what each runs.
  let classes: [String: String]
  let now: String

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitTexts { object in
      guard let name = object.className?.split(separator: ">").last.map(String.init), let what = classes[name],
        object.members["config"]?.objectValue != nil || object.members["module"] != nil
      else { return }
      findings.append(
        Finding(
          rule: id, severity: severity, layer: subject.layer(of: object), location: object.location,
          summary: "A \(name): \(what)\(Self.detail(object)).", meansNow: now, advice: fix))
    }
    return findings
  }

  /// Where the program is, or what the pickle in the text names.
  private static func detail(_ object: SavedObject) -> String {
    if let path = object.fields["filepath"]?.stringValue { return ", '\(path)'" }
    guard let text = object.fields["module"]?.stringValue, text.utf8.count > 16 else { return "" }
    return ", \(text.utf8.count) characters of it"
  }
}

extension StoredProgram {
  static let tfsmLayer = StoredProgram(
    id: "sec-tfsmlayer", title: "A layer that runs a TensorFlow program",
    affected: "Keras 3.0 to 3.12.0, 3.13.0 and 3.13.1; later ones refuse it unless safe_mode is turned off",
    explanation: """
      A TFSMLayer names the folder of a SavedModel. It is loaded when the layer is built, and its graph runs with the model:
      TensorFlow operations read and write files. Keras up to 3.12.0 and 3.13.1 took any path, in safe mode too (CVE-2026-1462;
      measured: 3.8.0 to 3.12.0 load a graph that writes a file, 3.13.2 refuses).
      """,
    classes: ["TFSMLayer": "a TensorFlow graph stored elsewhere"],
    now: "Keras 3.12.1, 3.13.2 and later refuse it unless safe_mode is turned off.")

  static let torchModule = StoredProgram(
    id: "sec-torch-module", title: "A pickled PyTorch module",
    affected: "Keras 3.0 to 3.11.2; refused from 3.11.3 on unless safe_mode is turned off",
    explanation: """
      A TorchModuleWrapper holds a PyTorch module as a pickle in base64, which torch.load executes as it reads it:
      weights_only is turned off. Keras up to 3.11.2 did so with safe_mode too (CVE-2025-49655; read in the source of 3.11.2,
      whose 3.11.3 asks for safe_mode first).
      """,
    classes: ["TorchModuleWrapper": "a pickled PyTorch module"],
    now: "Keras 3.11.3 and later refuse it unless safe_mode is turned off, and then unpickle it.")

  static let jaxLayer = StoredProgram(
    id: "sec-jax-layer", title: "A JAX function as a layer", affected: "Keras 3",
    explanation: """
      A JaxLayer calls a Python function that its config names. Which one it is depends on what the loading program imports or
      registers; a config can name another than the author's.
      """,
    classes: ["JaxLayer": "a Python function of JAX"],
    now: "Keras looks the function up as any object of a config, and calls it whenever the model runs.")

  static let flaxLayer = StoredProgram(
    id: "sec-flax-layer", title: "A Flax module as a layer", affected: "Keras 3",
    explanation: """
      A FlaxLayer holds a module of Flax: a Python class of the loading program that its config names and fills. What the model
      computes stands outside of the file.
      """,
    classes: ["FlaxLayer": "a module of Flax"],
    now: "Keras looks the class up as any object of a config, and calls it whenever the model runs.")
}
