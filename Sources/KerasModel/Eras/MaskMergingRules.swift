/// Where merging layers joined their inputs' masks otherwise than Keras 3 does.
///
/// Before Keras 3 (Merge of Keras 1, the merging layers of Keras 2 and tf.keras, measured on 1.2.2, 2.1.3, 2.3.1 and 2.15) a
/// step counts if all inputs that have a mask have it, and values do not depend on masks. Keras 3: if any input has it.
enum MaskMergingRules {
  static let rule = "merge-mask"

  static let classes: Set<String> = [
    "Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract",
  ]
}
