import KerasExport

/// A program that loads written models and predicts with them, run through the Python it is installed in.
public struct Consumer: Sendable {
  /// `onnxruntime`; also the word on the command line.
  public var name: String
  /// Words of the formats it loads.
  public var formats: Set<String>
  /// What `pip install` gets it.
  public var packages: String
  /// The Python statements that load `path` and set `predict`, a function from a dictionary of named arrays to a list of
  /// arrays; they see `numpy as np`.
  var script: String

  /// Those this program knows.
  public static let all: [Consumer] = [
    Consumer(
      name: "keras", formats: ["keras", "h5"], packages: "keras tensorflow-cpu",
      script: """
        import os
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        import keras
        model = keras.models.load_model(path, compile=False)
        \(kerasPrediction)
        """),
    Consumer(
      name: "tf-keras", formats: ["h5"], packages: "tf_keras tensorflow-cpu",
      script: """
        import tf_keras as keras
        model = keras.models.load_model(path, compile=False)
        \(kerasPrediction)
        """),
    Consumer(
      name: "onnxruntime", formats: ["onnx"], packages: "onnxruntime",
      script: """
        import onnxruntime
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        kinds = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(bool)": "bool"}
        def predict(arrays):
            given = {i.name: arrays[i.name].astype(kinds.get(i.type, object)) for i in session.get_inputs()}
            return session.run(None, given)
        """),
    Consumer(
      name: "tensorflow", formats: ["savedmodel"], packages: "tensorflow-cpu",
      script: """
        import tensorflow as tf
        import re
        loaded = tf.saved_model.load(path)
        function = loaded.signatures["serving_default"]
        specs = function.structured_input_signature[1]
        keywords = {re.sub("^(?![A-Za-z])", "arg_", re.sub("[^A-Za-z0-9]", "_", name)): name for name in inputs}
        def predict(arrays):
            found = function(**{
                keyword: tf.constant(arrays[keywords[keyword]], specs[keyword].dtype) for keyword in specs})
            return [found["output_%d" % index].numpy() for index in range(len(outputs))]
        """),
    Consumer(
      name: "litert", formats: ["tflite"], packages: "ai-edge-litert",
      script: """
        from ai_edge_litert.interpreter import Interpreter
        runner = Interpreter(model_path=path).get_signature_runner()
        def predict(arrays):
            found = runner(**arrays)
            return [found[name] for name in outputs]
        """),
    Consumer(
      name: "tensorflowjs", formats: ["tfjs"], packages: "tensorflowjs tf_keras",
      script: """
        import os
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        import tensorflowjs
        model = tensorflowjs.converters.load_keras_model(os.path.join(path, "model.json"))
        \(kerasPrediction)
        """),
  ]

  private static let kerasPrediction = """
    def predict(arrays):
        given = [arrays[name] for name in inputs]
        found = model.predict_on_batch(given if len(given) > 1 else given[0])
        return list(found) if isinstance(found, (list, tuple)) else [found]
    """

  /// The one of that name; throws `ConversionError` naming those there are, or those that load the format.
  public static func named(_ name: String, for format: String) throws(ConversionError) -> Consumer {
    let fitting = all.filter { $0.formats.contains(format) }
    guard let found = fitting.first(where: { $0.name == name.lowercased() }) else {
      let known = fitting.isEmpty ? "none that is known" : fitting.map(\.name).joined(separator: ", ")
      throw .consumer(name: name, reason: "it is no program that loads \(format) here; there is \(known)")
    }
    return found
  }
}
