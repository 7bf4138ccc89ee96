/// What a module and a name in a config would make a release of Keras load.
enum ImportedName: Hashable {
  /// A layer, loss … of Keras, or one of its values: what configs are for.
  case modelling
  /// A function of Keras that does something else: downloads, reads files, turns safe mode off.
  case tool
  /// A class that a known library on top of Keras registers.
  case library(String)
  /// A class of the program that saved it, which the loading program has to register.
  case custom
  /// Anything else that Python can import.
  case foreign

  /// Modules of Keras whose names are all parts of models.
  private static let parts: Set<String> = [
    "layers", "models", "initializers", "regularizers", "constraints", "activations", "losses", "metrics", "optimizers",
    "dtype_policies", "mixed_precision", "ops", "quantizers", "random", "engine", "trainers", "legacy",
    "feature_column",
    "premade_models", "premade", "layer_utils", "saving", "legacy_tf_layers", "distribution",
  ]
  /// Their roots, in all releases.
  private static let roots = [
    "keras", "keras.src", "keras.api", "keras.api._v2.keras", "tf_keras", "tf_keras.src", "tensorflow.keras",
    "tensorflow.python.keras", "keras.experimental", "keras.src.legacy", "keras_core",
  ]
  private static let libraries: Set<String> = [
    "keras_hub", "keras_nlp", "keras_cv", "keras_tuner", "keras_rs", "tensorflow_addons", "tensorflow_hub",
    "tensorflow_text", "qkeras", "keras_contrib", "tensorflow_probability", "tensorflow_recommenders",
    "tensorflow_model_optimization",
  ]
  /// Names in a module of parts that are no parts: what Keras 3.15.1 lists as NON_MODELING_APIS, and its like.
  private static let tools: Set<String> = [
    "load_model", "save_model", "load_weights", "save_weights", "model_from_json", "model_from_yaml",
    "model_from_config",
    "clone_model", "deserialize_keras_object", "serialize_keras_object", "register_keras_serializable", "deserialize",
    "get_file", "clear_session", "enable_unsafe_deserialization", "func_load", "func_dump", "KerasFileEditor",
    "get_custom_objects", "custom_object_scope", "get_registered_object", "load_img", "save_img",
  ]
  private static let values: Set<String> = [
    "Model", "Sequential", "Functional", "DTypePolicy", "Variable", "KerasTensor", "Layer", "Initializer", "Loss",
    "Metric", "Optimizer", "Regularizer", "Quantizer", "StatelessScope", "Function", "Operation", "Policy", "Network",
    "FloatDTypePolicy", "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy", "DTypePolicyMap", "InputSpec",
    "RematScope", "Container", "AutoCastVariable", "Graph",
  ]
  /// Python's own functions that no model has for a part.
  private static let builtins: Set<String> = [
    "exec", "eval", "compile", "open", "__import__", "getattr", "setattr", "delattr", "input", "breakpoint", "globals",
    "locals", "vars", "exit", "quit", "help", "memoryview", "super", "__build_class__", "print", "type", "object",
    "classmethod", "staticmethod", "property", "copyright", "credits", "license", "dir", "id", "callable", "isinstance",
    "hasattr", "iter", "next",
  ]

  /// Packages that come with Python or beside Keras, and that no author keeps a layer in.
  private static let systems: Set<String> = [
    "os", "posix", "nt", "sys", "subprocess", "builtins", "importlib", "shutil", "socket", "pickle", "_pickle",
    "marshal",
    "types", "ctypes", "runpy", "code", "codeop", "pty", "pdb", "bdb", "timeit", "trace", "webbrowser", "urllib",
    "http",
    "ftplib", "smtplib", "asyncio", "threading", "multiprocessing", "concurrent", "tempfile", "pathlib", "io",
    "operator",
    "functools", "site", "sysconfig", "platform", "pip", "setuptools", "distutils", "zipfile", "tarfile", "shelve",
    "dbm",
    "sqlite3", "signal", "atexit", "inspect", "logging", "antigravity", "commands", "popen2", "cloudpickle", "dill",
    "joblib", "yaml", "numpy", "scipy", "pandas", "torch", "jax", "requests", "cffi", "IPython", "tensorflow", "jinja2",
  ]

  /// Whether a module belongs to a system rather than to an author's model.
  static func isSystem(module: String) -> Bool {
    module.split(separator: ".").first.map { systems.contains(String($0)) } ?? true
  }

  private static let optimizers: Set<String> = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "AdamW", "Ftrl", "Lion", "LossScaleOptimizer", "Nadam",
    "RMSprop",
    "SGD",
  ]

  /// Whether a registered name is one of Keras' own: tf.keras 2.11 to 2.15 registered its new optimizers as a program does.
  static func isKerasOwn(registered name: String) -> Bool {
    name.hasPrefix("Custom>") && optimizers.contains(String(name.dropFirst(7)))
  }

  /// Of an object with a module.
  init(module: String, name: String, isFunction: Bool) {
    let components = module.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if module == "builtins" {
      self = isFunction && !Self.builtins.contains(name) ? .custom : .foreign
    } else if module == "__main__" {
      self = .custom
    } else if Self.roots.contains(module) {
      self = Self.values.contains(name) ? .modelling : .tool
    } else if let root = Self.roots.filter({ module.hasPrefix($0 + ".") }).max(by: { $0.count < $1.count }) {
      let inner = module.dropFirst(root.count + 1).split(separator: ".").first.map(String.init) ?? ""
      let isPart = Self.parts.contains(inner) && !Self.tools.contains(name)
      // Saving and legacy hold machinery beside the few classes that configs name.
      let isMachinery = ["saving", "legacy", "distribution"].contains(inner) && !(name.first?.isUppercase ?? false)
      self = isPart && !isMachinery ? .modelling : .tool
    } else if let first = components.first, Self.libraries.contains(first) {
      self = .library(first)
    } else {
      self = .foreign
    }
  }
}
