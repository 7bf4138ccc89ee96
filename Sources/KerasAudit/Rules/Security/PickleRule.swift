import KerasCore
import KerasFile

/// Python pickles: programs that run when they are read.
struct Pickles: FileRule {
  let id = "sec-pickle"
  let title = "Python pickles"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected =
    "files of model.get_weights() by numpy, Keras 3.0 to 3.8 with weights in .npz; allow_pickle is off from 3.9 on"
  let explanation = """
    A pickle is a program for a small machine: it imports what it names and calls it while it is read. NumPy keeps arrays of
    objects as pickles, and Keras 3.0 to 3.8 read model.weights.npz with allow_pickle turned on (measured: 3.8.0 runs what is in
    one, 3.10.0 and 3.15.1 refuse). A model that was pickled as a whole is nothing else. This rule lists the names, found without doing what
    the pickle says. Names that NumPy and Keras write for arrays make it a warning, any other an error.
    """
  let fix = """
    Load it only if you trust its origin, and keep weights as HDF5 instead: KerasKit reads pickled weights without running them,
    and `convert` writes a .keras file.
    """

  /// What arrays of numbers and Keras' variables consist of.
  private static let harmless: Set<String> = [
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "numpy.ndarray", "numpy.dtype", "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer", "ml_dtypes.bfloat16", "collections.OrderedDict",
    // What Keras 3's own files hold around a variable's array; a call through it names what it calls.
    "functools.partial", "tensorflow.python.framework.dtypes.as_dtype",
  ]
  private static let variables = [
    "keras.src.backend.", "tensorflow.python.ops.resource_variable_ops", "jaxlib.", "jax.",
  ]

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.compactMap { part in
      guard case .pickle(let pickle) = part.content else { return nil }
      let unknown = pickle.names.filter { name in
        !Self.harmless.contains(name)
          && !(Self.variables.contains { name.hasPrefix($0) } && name.last?.isLetter == true)
      }
      guard unknown.isEmpty else {
        return finding(
          file, part.container,
          "A pickle that \(pickle.calls ? "calls or builds" : "names") \(some(unknown.map { String($0.prefix(100)) })).",
          now: "Whoever unpickles it runs that; Keras 3.9 and later do not.")
      }
      guard pickle.problem == nil else {
        return finding(file, part.container, "A pickle that cannot be followed to its end.")
      }
      let names = pickle.names.isEmpty ? "nothing but plain values" : some(pickle.names, limit: 3)
      return finding(
        file, part.container, "A pickle of \(names).", severity: .warning,
        now: "Keras 3.9 and later do not read pickles.")
    }
  }
}

/// Tags of YAML that make PyYAML build Python objects.
struct UnsafeYAML: FileRule {
  let id = "sec-yaml"
  let title = "YAML that builds Python objects"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "model_from_yaml of Keras 0.2 to 2.3 and tf.keras up to 2.5; removed in 2.6"
  let explanation = """
    model_from_yaml called yaml.load, which builds any Python object that a tag names and calls any function (CVE-2021-37678;
    tf.keras 2.6 removed YAML for it). Keras itself wrote tags of plain data: tuples, Unicode texts, NumPy's numbers, which are
    read as such. Any other names something that only running Python could make.
    """
  let fix = "Have the model written by to_json() where its origin is trusted; KerasKit builds no object from a tag."

  private static let plain: Set<String> = [
    "tuple", "list", "dict", "str", "unicode", "int", "long", "float", "bool", "none", "complex", "bytes",
    "object/apply:numpy.core.multiarray.scalar", "object/apply:numpy._core.multiarray.scalar",
    "object/apply:numpy.dtype",
  ]

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.compactMap { part in
      guard case .yaml(let tags) = part.content else { return nil }
      let hostile = tags.filter { tag in
        !(tag.hasPrefix("!!python/") && Self.plain.contains(String(tag.dropFirst(9))))
      }
      guard !hostile.isEmpty else { return nil }
      return finding(
        file, part.container, "Tags make Python objects: \(some(hostile.map { String($0.prefix(100)) })).",
        now: "Keras has no YAML any more; PyYAML's yaml.load with an unsafe loader runs it.")
    }
  }
}
