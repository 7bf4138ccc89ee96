import KerasCore
import OrderedCollections

/// A config that makes the loading program import or call something that is no part of a model.
struct CustomImport: SavedTextRule {
  let id = "sec-custom-import"
  let title = "Objects that are imported from elsewhere"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "Keras 2.12 to 3.8 import any module; 3.9 and 3.10 any name of Keras; 3.11 and later refuse both"
  let explanation = """
    An object of Keras' newer configs names its module and class, and the loading program imports them. Keras up to 3.8
    imported any module there is and called what it found as if it were a layer: os.system with the arguments of a node ran
    while the model was built, in safe mode too (CVE-2025-1550; measured in 3.8.0; 3.10.0 and 3.15.1 refuse). Keras 3.9 and
    3.10 looked into their own package only, which has functions that download (keras.utils.get_file, CVE-2025-8747 and
    CVE-2025-12060) or turn safe mode off before a Lambda is read (keras.config.enable_unsafe_deserialization, CVE-2025-9906);
    3.10.0 refuses them where a layer stands (measured), not in other places. Keras 3.11 asks for classes of models, and 3.15.1
    lists 24 names of its own that are no parts of one. A class that a program registered under a package's name,
    package>Class, is looked up and not imported by these: the program that loads it has to have it, so it is a warning only.
    """
  let fix = """
    Do not load the file in Keras before you know what is named; a model of Keras needs nothing outside of Keras' own layers,
    losses, metrics, optimizers and the like.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitTexts { object in
      guard let className = object.members["class_name"]?.stringValue, let finding = finding(object, className) else {
        return
      }
      var found = finding
      found.layer = subject.layer(of: object)
      findings.append(found)
    }
    return findings
  }

  private func finding(_ object: SavedObject, _ className: String) -> Finding? {
    let members = object.members
    let isFunction = className == "function"
    let name =
      isFunction
      ? members["config"]?.stringValue ?? "" : members["spec_name"]?.stringValue ?? className
    let registered = members["registered_name"]?.stringValue ?? className
    guard let module = members["module"]?.stringValue else {
      guard registered.contains(">"), !ImportedName.isKerasOwn(registered: registered) else { return nil }
      return warning(object, "The class \(registered) is registered by a program outside of Keras.")
    }
    // What describes a tensor of TensorFlow is imported to be rebuilt, but only from TensorFlow.
    if className == "__typespec__", module.hasPrefix("tensorflow.python.") { return nil }
    let isRegistered = registered.contains(">")
    switch ImportedName(module: module, name: name, isFunction: isFunction) {
    case .modelling: return nil
    case .custom:
      return isRegistered || !isFunction
        ? warning(object, "The class \(registered) is registered by a program outside of Keras.") : nil
    case .library(let library):
      return warning(object, "\(module).\(name) is imported from the library \(library).")
    case .tool:
      return error(
        object, "\(module).\(name) is a function of Keras that is no part of a model.",
        "Keras up to 3.10 takes it from its own package wherever an object may stand; 3.11 and later refuse it.")
    case .foreign where isRegistered && !isFunction && !ImportedName.isSystem(module: module):
      return warning(
        object, "The class \(registered) is registered by a program outside of Keras, from its module \(module).")
    case .foreign:
      return error(
        object, "\(isFunction ? "The function" : "The class") \(name) is imported from the module '\(module)'.",
        "Keras up to 3.8 imports the module, whatever it is, and calls what it finds; 3.11 and later refuse it.")
    }
  }

  private func error(_ object: SavedObject, _ summary: String, _ now: String) -> Finding {
    Finding(rule: id, severity: .error, location: object.location, summary: summary, meansNow: now, advice: fix)
  }

  private func warning(_ object: SavedObject, _ summary: String) -> Finding {
    Finding(
      rule: id, severity: .warning, location: object.location, summary: summary,
      meansNow: "Keras loads it only in a program that has the class; up to 3.8 it imported the module to look for it.",
      advice: "Get the class from where the model comes from, and read it before it is run.")
  }
}
