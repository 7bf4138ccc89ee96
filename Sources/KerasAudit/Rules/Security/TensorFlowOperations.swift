import KerasCore

/// TensorFlow operations that touch files or run Python, in a SavedModel's graph or as layers of a config.
struct TensorFlowOperations: FileRule, SavedTextRule {
  let id = "sec-tf-op"
  let title = "TensorFlow operations that touch files or run Python"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "TensorFlow 1 and 2; as layers of configs tf.keras 1.14 to 2.15"
  let explanation = """
    A TensorFlow graph is a program. WriteFile and ReadFile reach every file that the process may, PyFunc calls Python by a
    number. They run with the model; and a config whose TFOpLambda layer is io.write_file with constant arguments writes the
    file while the model is built, before anything is predicted (measured: model_from_json of Keras 2.15 does, safe_mode is no
    help). KerasKit runs no graph of a SavedModel and knows no such function.
    """
  let fix = """
    Run it only where a program of its author may run; save the model again without the operation to carry it on.
    """

  private static let operations: Set<String> = [
    "ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "WholeFileReader",
    "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "TFRecordReader", "TFRecordReaderV2", "LMDBReader",
    "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "IdentityReader", "TextLineDataset", "TFRecordDataset",
    "TFRecordDatasetV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "SaveDataset", "SaveDatasetV2",
    "LoadDataset", "SnapshotDataset", "SnapshotDatasetV2", "CSVDataset", "SqlDataset", "CacheDataset", "CacheDatasetV2",
    "ImmutableConst", "WriteSummary", "CreateSummaryFileWriter", "WriteGraphSummary", "DebugIdentity",
    "DebugIdentityV2",
    "RpcCall", "RpcClient", "RpcServer", "GeneratorDataset", "SendTPUEmbeddingGradients", "GcsConfigureCredentials",
    "RegisterDataset", "WriteRawProtoSummary", "PrintV2",
  ]
  /// Beginnings of functions' names that files, Python or the loading program are reached by.
  private static let functions = [
    "io.read_file", "io.write_file", "io.matching_files", "io.gfile", "io.write_graph", "io.TFRecord", "py_function",
    "numpy_function", "py_func", "compat.v1.py_func", "compat.v1.gfile", "compat.v1.io.", "compat.v1.read_file",
    "compat.v1.write_file", "data.", "load_library", "load_op_library", "saved_model.", "summary.", "profiler.",
    "keras.utils.", "keras.models.", "keras.preprocessing.", "sysconfig.", "config.",
  ]

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.compactMap { part in
      guard case .savedModel(let saved) = part.content else { return nil }
      let found = saved.places.filter { Self.operations.contains($0.key) && $0.key != "PrintV2" }.sorted {
        $0.key < $1.key
      }
      guard !found.isEmpty else { return nil }
      let names = found.map { $0.value.isEmpty ? $0.key : "\($0.key) (in \($0.value))" }
      return finding(
        file, part.container, "The graph has \(some(names)).",
        now: "TensorFlow runs it with the model; the files it names need not be the model's.")
    }
  }

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitTexts { object in
      guard let what = Self.operation(object) else { return }
      findings.append(
        Finding(
          rule: id, severity: severity, layer: subject.layer(of: object), location: object.location,
          summary: "A layer that is TensorFlow's \(what).",
          meansNow: "tf.keras up to 2.15 calls it when the model runs, and while it is loaded where its arguments are "
            + "constants; Keras 3 has no such layer.", advice: fix))
    }
    return findings
  }

  private static func operation(_ object: SavedObject) -> String? {
    switch object.className {
    case "TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty":
      guard let name = object.fields["function"]?.stringValue ?? object.fields["attr_name"]?.stringValue else {
        return nil
      }
      let isRaw = name.hasPrefix("raw_ops.") && operations.contains(String(name.dropFirst(8)))
      return isRaw || functions.contains { name.hasPrefix($0) } ? name : nil
    case "TensorFlowOpLayer":
      var node = object.fields["node_def"]
      if let text = node?.stringValue { node = try? JSON(parsing: text) }
      guard let name = node?["op"]?.stringValue else { return nil }
      return operations.contains(name) ? name : nil
    default: return nil
    }
  }
}
