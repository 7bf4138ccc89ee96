import KerasExport

/// A program that loads written models and predicts with them: in the Python it is installed in, or Swift itself.
public struct Consumer: Sendable {
  /// `onnxruntime`; also the word on the command line.
  public var name: String
  /// Words of the formats it loads.
  public var formats: Set<String>
  /// What `pip install` gets it; empty if it is no Python package.
  public var packages: String
  var program: Program
  /// Whether it shows results inside a model, not only its outputs.
  public var showsResults = false

  enum Program: Sendable {
    /// Statements that load `path` and set `predict`, a function from a dictionary of named arrays to a list of arrays.
    ///
    /// Where the program reads files and runs none here, `only_read` is set to the reason instead.
    ///
    /// They see `numpy as np`; where `results` names tensors, `predict` puts them into the dictionary `observed`, and
    /// `addition` is the path of what `WrittenGraph.addition` is.
    case python(String)
    /// A written package is built and its command run.
    case swift
  }

  /// Those this program knows.
  public static let all: [Consumer] = [
    Consumer(
      name: "keras", formats: ["keras", "h5"], packages: "keras tensorflow-cpu",
      program: .python(
        """
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        import keras
        model = keras.models.load_model(path, compile=False)
        \(kerasPrediction)
        """)),
    Consumer(
      name: "tf-keras", formats: ["h5"], packages: "tf_keras tensorflow-cpu",
      program: .python(
        """
        import tf_keras as keras
        model = keras.models.load_model(path, compile=False)
        \(kerasPrediction)
        """)),
    Consumer(
      name: "onnxruntime", formats: ["onnx"], packages: "onnxruntime",
      program: .python(
        """
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        model = path
        if results:
            model = open(path, "rb").read() + open(addition, "rb").read()
            options.add_session_config_entry(
                "session.model_external_initializers_file_folder_path", os.path.dirname(path))
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        kinds = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(bool)": "bool"}
        def predict(arrays):
            given = {i.name: arrays[i.name].astype(kinds.get(i.type, object)) for i in session.get_inputs()}
            names = [o.name for o in session.get_outputs()]
            own = names[:len(outputs)]
            found = session.run(own + results, given)
            observed.update(zip(results, found[len(own):]))
            return found[:len(own)]
        """),
      showsResults: true),
    Consumer(
      name: "tensorflow", formats: ["savedmodel"], packages: "tensorflow-cpu",
      program: .python(
        """
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
        """)),
    Consumer(
      name: "litert", formats: ["tflite"], packages: "ai-edge-litert",
      program: .python(
        """
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
        keeping = {
            "experimental_preserve_all_tensors": True,
            "experimental_op_resolver_type": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        }
        interpreter = Interpreter(model_path=path, **(keeping if results else {}))
        runner = interpreter.get_signature_runner()
        def predict(arrays):
            kinds = {name: detail["dtype"] for name, detail in runner.get_input_details().items()}
            found = runner(**{name: value.astype(kinds[name]) for name, value in arrays.items()})
            wanted = set(results)
            for detail in interpreter.get_tensor_details() if results else []:
                if detail["name"] in wanted:
                    try:
                        observed[detail["name"]] = interpreter.get_tensor(detail["index"])
                    except ValueError:
                        pass  # Nothing computed it.
            return [found[name] for name in outputs]
        """),
      showsResults: true),
    Consumer(
      name: "tensorflowjs", formats: ["tfjs"], packages: "tensorflowjs tf_keras",
      program: .python(
        """
        import importlib.util, types
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        # The packages' own __init__ imports every converter with all that they need; only the reader is wanted.
        home = importlib.util.find_spec("tensorflowjs")
        if home is None:
            raise ModuleNotFoundError("No module named 'tensorflowjs'")
        home = home.submodule_search_locations[0]
        for module, place in ("tensorflowjs", home), ("tensorflowjs.converters", os.path.join(home, "converters")):
            sys.modules[module] = types.ModuleType(module)
            sys.modules[module].__path__ = [place]
        import tensorflowjs.converters.keras_tfjs_loader as loader
        model = loader.load_keras_model(os.path.join(path, "model.json"))
        \(kerasPrediction)
        """)),
    // Core ML belongs to Apple's systems; elsewhere coremltools reads packages, and its front end builds the program again,
    // which checks each operation's arguments and types.
    Consumer(
      name: "coremltools", formats: ["coreml"], packages: "coremltools",
      program: .python(
        """
        import logging
        logging.disable(logging.WARNING)
        import coremltools
        runs = sys.platform == "darwin"
        model = coremltools.models.MLModel(path, skip_model_load=not runs)
        spec = model.get_spec()
        if not runs:
            from coremltools.converters.mil.frontend.milproto import load
            weights = os.path.join(path, "Data", "com.apple.CoreML", "weights")
            load.load(spec, spec.specificationVersion, weights).validate()
            only_read = "predictions can be run on Apple's systems only"
        def predict(arrays):
            given = {}
            for feature in spec.description.input:
                whole = feature.type.multiArrayType.dataType == 131104
                given[feature.name] = arrays[feature.shortDescription or feature.name].astype(
                    "int32" if whole else "float32")
            found = model.predict(given)
            return [found[feature.name] for feature in spec.description.output]
        """)),
    Consumer(name: "swift", formats: ["swift"], packages: "", program: .swift),
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
