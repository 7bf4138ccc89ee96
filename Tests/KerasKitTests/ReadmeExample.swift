import KerasKit

/// The README's example, compiled as it stands there.
enum ReadmeExample {
  static func run(model path: String, data dataPath: String, output: String) throws -> ([TensorData], AuditReport) {
    // README:begin
    let model = try Model.load(path)
    let data = try DataSet.read(dataPath, for: model)
    let predictions = try model.predict(data.inputs)
    try model.fineTune(data, epochs: 5, batchSize: 32)
    try model.save(to: output)
    let findings = model.audit()
    // README:end
    return (predictions, findings)
  }
}
