import KerasCore

/// What the readers and the upgrade say of a file, told as rules so that each of their words has a story.
extension ReportedRule {
  private static func file(
    _ id: String, _ title: String, _ severity: Severity, _ consequence: Consequence, affected: String = "all releases",
    _ explanation: String, fix: String
  ) -> ReportedRule {
    ReportedRule(
      id: id, title: title, family: .files, severity: severity, consequence: consequence, affected: affected,
      explanation: explanation, fix: fix)
  }

  static let unreadableConfig = file(
    "unreadable-config", "Configs that cannot be understood", .error, .loading,
    """
    The file opens, but its config does not become a model: a part of it has the wrong form, or a word in it is
    none that a release of Keras has. Rules about single layers could not run; those that read the text alone did.
    """,
    fix: """
      Correct what is named, bind a custom class with --map, or give the architecture with --config; then audit again.
      """)

  static let encodedTwice = file(
    "json-in-string", "An architecture that was encoded twice", .note, .none,
    """
    json.dump(model.to_json(), file) writes a JSON text inside a JSON string, which model_from_json of Keras does not take
    back. KerasKit reads the inner text.
    """,
    fix: "Write model.to_json() as it is, or convert the file.")

  static let stampsDiffer = file(
    "version-stamps-differ", "Architecture and weights of two releases", .warning, .inference,
    """
    The architecture and the weights come in two files that state different releases of Keras. The architecture's release
    decides defaults, the weights' how arrays are laid out; that is right if one release loaded and saved what another wrote,
    and wrong if the files do not belong together.
    """,
    fix: "Make sure that the two belong together, then convert them into one file.")

  static let partner = file(
    "partner-found", "The other half was found beside the file", .note, .none,
    """
    The file holds an architecture or weights alone. A file beside it, of the same name or the only one that fits, was taken for
    the other half.
    """,
    fix: "Name both with --config and --weights if another file was meant.")

  static let optimizerState = file(
    "optimizer-state-unreadable", "An optimizer's state that cannot be read", .warning, .training,
    """
    The group /optimizer_weights of the file is damaged or names arrays that are not there. The model is whole without it:
    predictions are the same, training starts the optimizer anew.
    """,
    fix: "Copy the file again if training is to go on where it stopped.")

  static let inferredEra = file(
    "era-inferred", "The release is concluded from the file's words", .note, .inference,
    affected: "Keras 0 to 1.0.3, weights of Keras 1, texts whose stamp was lost",
    """
    The file does not state the release that wrote it. Defaults changed between releases, so one has to be taken: it is concluded
    from fields and class names that only some releases wrote, and the finding names them.
    """,
    fix: "State the release with --keras-version where it is known.")

  static let partialWeights = file(
    "weights-partial", "Weights for a part of the model", .warning, .inference,
    """
    The file has no arrays for some of the model's weights, and loading was told to go on: they keep their initial values, so
    predictions are not the trained model's.
    """,
    fix: "Find the file with all weights; the message names the layers that have none.")

  static let unreadWeights = file(
    "weights-unread", "Arrays that the model has no place for", .warning, .inference,
    """
    The file holds arrays that no layer of the architecture took, and loading was told to go on. Architecture and weights may
    not belong together.
    """,
    fix: "Compare the layers that inspect lists of both files.")

  static let unknownKey = file(
    "unknown-config-key", "Fields that no release has", .warning, .inference,
    """
    A layer's config has a field that the class has in no release of Keras: a custom class under a stock name, a patched Keras,
    or a slip of hand. It is left aside, and if it changed what the layer computed, predictions are other ones.
    """,
    fix: "Find out who wrote the field; bind the layer with --map if it is a class of its own.")

  static let customTraining = file(
    "custom-training-object", "Losses, metrics or optimizers that Keras does not have", .warning, .training,
    """
    The training configuration names a function or class that its author wrote. Predictions do not depend on it; training and
    evaluation need it.
    """,
    fix:
      "Name others with --loss and --optimizer, or bind each with --map NAME=mse or an expression over y_true and y_pred."
  )

  static let inferredInput = file(
    "input-shape-inferred", "An input shape concluded from the weights", .note, .none,
    """
    The config does not state the shape of the model's input, which Keras takes from the first data that it meets. The first
    layer's weights tell all axes that matter.
    """,
    fix: "Nothing, if the shape named is right; else give the data's shape when predicting.")

  static let customClass = file(
    "custom-class", "A custom class that is known", .note, .none,
    """
    The layer's class is in no release of Keras, but in public code whose meaning KerasKit knows, or one that --map has bound.
    """,
    fix: "Bind the class with --map if another one of the same name was meant.")

  static let customPenalty = file(
    "custom-penalty", "A regularizer that Keras does not have", .warning, .training,
    """
    A layer's regularizer is its author's. It changes what training adds to the loss, not predictions; training without it is
    other training.
    """,
    fix: "Bind it with --map, or give one of Keras' with --add-regularizer.")

  static let lambdaTranslated = file(
    "lambda-translated", "A Lambda whose byte code was read", .note, .none,
    """
    The layer's byte code was followed as data and says what the layer computes; nothing of it was executed. Predictions are
    compared with Keras' in the tests of this program for code of every Python from 2.7 to 3.13.
    """,
    fix: "Look at the expression with inspect --lambda; convert writes layers in its place.")

  static let lambdaSetting = file(
    "lambda-setting", "A Lambda that asks for a setting of its program", .warning, .inference,
    """
    The function asks the program that runs it for a setting (K.image_data_format, K.floatx), which the file does not hold. The
    default that Keras comes with is taken; on the author's machine it may have been another.
    """,
    fix: "Find the author's keras.json; state the meaning with --map where it was another.")

  static let outputPaddingUnknown = file(
    "output-padding-unknown", "An output_padding that may have been lost", .note, .inference,
    affected: "Keras 3.0 to 3.14",
    """
    Keras 3.0 to 3.14 do not write output_padding of transposed convolutions. Nothing behind the layer tells whether it had
    one; without it the shapes are what Keras itself makes of the file.
    """,
    fix: "Compare the output shape that inspect lists with the one that the model had.")

  static let ofReaders: [any AuditRule] = [
    unreadableConfig, encodedTwice, stampsDiffer, partner, optimizerState, inferredEra, partialWeights, unreadWeights,
    unknownKey, customTraining, inferredInput, outputPaddingUnknown, customClass, customPenalty,
    lambdaTranslated, lambdaSetting,
  ]
}
