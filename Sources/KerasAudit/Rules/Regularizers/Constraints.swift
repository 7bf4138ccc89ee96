import KerasCore

/// What constraints of old files meant.
enum ConstraintRules {
  private static let keys = ["W_constraint", "U_constraint", "b_constraint", "constraint"]

  /// The first constraint of those classes that the layer's saved fields hold.
  private static func constraint(
    _ layer: AuditedLayer, _ subject: AuditSubject, _ classes: Set<String>
  ) -> (key: String, value: JSON)? {
    for (key, value) in subject.savedFields(layer) where key.hasSuffix("_constraint") {
      let name = value["name"]?.stringValue ?? value["class_name"]?.stringValue ?? value.stringValue
      if let name, classes.contains(name.lowercased().replacing("_", with: "")) { return (key, value) }
    }
    return nil
  }

  private static let norms: Set<String> = ["maxnorm", "unitnorm", "minmaxnorm"]

  static let axisOfTheanoKernels = LayerMeaning(
    id: "constraint-axis-th", title: "A norm constraint's axis counts in another kernel layout", family: .regularizers,
    severity: .warning, consequence: .training,
    affected: "Keras 0 and 1 with dim_ordering th, convolutions with MaxNorm, UnitNorm or MinMaxNorm",
    explanation: """
      Keras 0 and 1 stored the kernels of channels_first convolutions as (filters, channels, rows, columns), and a
      constraint's axis counts in that layout: axis 0 is the norm over the filters. Since Keras 2 kernels are
      (rows, columns, channels, filters) whatever the data format, and the same number names another axis.
      """,
    fix: "Remap the axis with the kernel: 0 → 3, 1 → 2, 2 → 0, 3 → 1; `convert` and `fine-tune` do.",
    find: { layer, subject in
      guard layer.className.hasPrefix("Conv"), layer.config["data_format"] == "channels_first",
        (subject.version ?? subject.canonical.readAs).major < 2,
        let found = constraint(layer, subject, norms)
      else { return nil }
      let config = found.value["config"] ?? found.value
      let axis = config["axis"]?.text() ?? "0"
      return .init(
        keys: [found.key], words: "\(found.key) axis \(axis)",
        summary: "The axis \(axis) of this \(found.key) counts in Theano's kernel layout.")
    },
    mean: { _, release, _ in
      release.version.major < 2
        ? "an axis of (filters, channels, rows, columns)" : "an axis of (rows, columns, channels, filters)"
    })

  static let unitNormAxis = LayerMeaning(
    id: "unitnorm-axis", title: "UnitNorm normalised along another axis in Keras 0.1", family: .regularizers,
    severity: .warning, consequence: .training, affected: "Keras 0.1 and 0.2, UnitNorm",
    explanation: """
      UnitNorm of Keras 0.1 takes the norm over the last axis and saves no axis; from 0.3 on the default is axis 0, the
      incoming weights of each unit. The file has the class's name only, so a later reader takes axis 0.
      """,
    fix: "Write axis −1 for a file of Keras 0.1.",
    find: { layer, subject in
      guard subject.canonical.readAs.major == 0, let found = constraint(layer, subject, ["unitnorm"]),
        (found.value["config"] ?? found.value)["axis"] == nil
      else { return nil }
      return .init(keys: [found.key], words: "\(found.key) UnitNorm", summary: "A UnitNorm that states no axis.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3)
        ? "each row of the kernel has norm 1 (axis −1)"
        : "each column of the kernel has norm 1 (axis 0)"
    })

  static let epsilon = LayerMeaning(
    id: "constraint-eps", title: "UnitNorm divided without an epsilon in Keras 0.1", family: .regularizers,
    severity: .note, consequence: .training, affected: "Keras 0.1 and 0.2, UnitNorm",
    explanation: """
      UnitNorm of Keras 0.1 divides by the norm itself; later releases add epsilon (1e-7) to it. MaxNorm always had it. The
      difference is in the last digits, unless a whole column is zero: then 0.1 gives NaN.
      """,
    fix: "Nothing, unless exactly the same training is wanted.",
    find: { layer, subject in
      guard subject.canonical.readAs.major == 0, let found = constraint(layer, subject, ["unitnorm"]) else {
        return nil
      }
      return .init(keys: [found.key], words: "\(found.key) UnitNorm", summary: "A UnitNorm from Keras 0.")
    },
    mean: { _, release, _ in release.version < KerasVersion(0, 3) ? "w / ‖w‖" : "w / (ε + ‖w‖)" })
}
