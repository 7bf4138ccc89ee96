import KerasCore
import KerasModel

/// Layers of classes that no Keras release has, or that this program does not know.
struct CustomObjects: AuditRule {
  let id = "custom-objects"
  let title = "Layers of unknown classes"
  let severity = Severity.warning
  let family = RuleFamily.files
  let consequence = Consequence.loading
  let affected = "all releases"
  let explanation = """
    A model may hold layers that its author wrote. The file names the class and its fields; what the class computes stands in
    Python code outside the file (custom_objects, or a registered name with its package). Without that code no program can run
    the model, and another class of the same name would be taken for it without a word. Classes of Keras that KerasKit does
    not know yet are listed too.
    """
  let fix = """
    Find the class's code, or bind it to known layers with --map Class=Known(arg=value).
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    subject.layers.compactMap { layer in
      let saved = subject.source.config?[layer.pointer]
      guard layer.className != "Lambda",
        !LayerRegistry.knows(className: layer.className, module: saved?["module"]?.stringValue)
      else { return nil }
      return Finding(
        rule: id, severity: severity, layer: layer.path, location: subject.location(layer),
        summary: "The class \(layer.className) is not known.",
        meantWhenSaved: "Whatever the author's Python class computed; the file holds its fields and weights only.",
        meansNow: "Keras loads it only if the same class is given as custom_objects.",
        advice: "Find the code the model came with; rebuild the layer from built-in ones to carry the model on.")
    }
  }
}
