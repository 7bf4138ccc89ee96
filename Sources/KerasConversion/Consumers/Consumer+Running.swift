import DataFiles
import Foundation
import KerasCore
import KerasExport
import KerasKit

extension Consumer {
  /// What a program computes of a written model.
  public struct Results: Sendable {
    public var outputs: [TensorData]
    /// Why nothing was computed, of a program that did read the file.
    public var onlyRead: String?
    /// By the names of `WrittenGraph`, where they were asked for: not all that the graph has need be there.
    public var inside: [String: TensorData] = [:]
  }

  /// What the program predicts for a written model.
  ///
  /// `inputs` and `outputs` are the model's names in order, `arrays` the inputs' arrays. `python` is the interpreter it is
  /// installed in. With `graph` the results inside the model come along, of a program that shows them. Throws
  /// `ConversionError.consumer` with the last line of what the program said.
  public func predict(
    _ path: String, inputs: [String], arrays: [TensorData], outputs: [String], python: String,
    graph: WrittenGraph? = nil
  ) throws(ConversionError) -> Results {
    let folder = NSTemporaryDirectory() + "keraskit-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let model = URL(fileURLWithPath: path).path
      switch program {
      case .swift: return try runPackage(model, arrays, outputs.count, folder)
      case .python(let script):
        let names = showsResults ? graph.map { $0.steps.flatMap(\.results) } ?? [] : []
        let request: JSON = [
          "path": .string(model), "inputs": .array(inputs.map { .string($0) }),
          "outputs": .array(outputs.map { .string($0) }), "results": .array(names.map { .string($0) }),
        ]
        try Data(request.text().utf8).write(to: URL(fileURLWithPath: "\(folder)/request.json"))
        try Data(graph?.addition ?? []).write(to: URL(fileURLWithPath: "\(folder)/addition"))
        return try runPython(python, script, arrays, outputs.count, names, folder)
      }
    } catch let error as ConversionError {
      throw error
    } catch {
      throw .consumer(name: name, reason: "\(error)")
    }
  }

  // MARK: Python

  private func runPython(
    _ python: String, _ script: String, _ arrays: [TensorData], _ outputCount: Int, _ names: [String],
    _ folder: String
  ) throws -> Results {
    try NumpyArchive(members: arrays.enumerated().map { NumpyArchive.Member(name: "x\($0)", tensor: $1) })
      .write(to: "\(folder)/inputs.npz")
    try Data(Self.frame(script).utf8).write(to: URL(fileURLWithPath: "\(folder)/run.py"))
    try run([python, "-W", "ignore", "\(folder)/run.py", folder], folder) { said in
      let last = Self.lastLine(said)
      let isMissing = last.contains("ModuleNotFoundError") || last.contains("No such file")
      return "\(python): \(last)\(isMissing ? " (pip install \(packages))" : "")"
    }
    if let reason = try? String(contentsOfFile: "\(folder)/only_read", encoding: .utf8) {
      return Results(outputs: [], onlyRead: reason)
    }
    let found = try NumpyArchive(path: "\(folder)/outputs.npz")
    var results = Results(outputs: try self.outputs(outputCount) { found["y\($0)"] })
    for (index, name) in names.enumerated() { results.inside[name] = found["r\(index)"] }
    return results
  }

  private static func frame(_ script: String) -> String {
    """
    import json, os, sys
    import numpy as np
    folder = sys.argv[1]
    request = json.load(open(os.path.join(folder, "request.json")))
    path, inputs, outputs = request["path"], request["inputs"], request["outputs"]
    results, observed, addition = request["results"], {}, os.path.join(folder, "addition")
    only_read = None
    \(script)
    if only_read:
        open(os.path.join(folder, "only_read"), "w").write(only_read)
        sys.exit(0)
    stored = np.load(os.path.join(folder, "inputs.npz"))
    found = predict({name: stored["x%d" % i] for i, name in enumerate(inputs)})
    kept = {"y%d" % i: np.asarray(y) for i, y in enumerate(found)}
    for i, name in enumerate(results):
        if name in observed and np.asarray(observed[name]).dtype.kind in "fiub":
            kept["r%d" % i] = np.asarray(observed[name])
    np.savez(os.path.join(folder, "outputs.npz"), **kept)
    """
  }

  // MARK: Swift

  /// Builds a written package outside of it and runs its command.
  private func runPackage(
    _ package: String, _ arrays: [TensorData], _ outputCount: Int, _ folder: String
  ) throws -> Results {
    let sources = (try? FileManager.default.contentsOfDirectory(atPath: "\(package)/Sources")) ?? []
    guard let command = sources.first(where: { $0.hasPrefix("Predict") }) else {
      throw ConversionError.consumer(name: name, reason: "\(package) has no command that predicts")
    }
    for (index, array) in arrays.enumerated() { try NumpyFile.write(array, to: "\(folder)/x\(index).npy") }
    let arguments = ["run", "-c", "release", "--package-path", package, "--scratch-path", "\(folder)/build", command]
    try run(["swift"] + arguments + [folder], folder) { said in
      let errors = said.split(separator: "\n").filter { $0.contains("error:") }
      return errors.first.map { String($0) } ?? Self.lastLine(said)
    }
    return Results(outputs: try outputs(outputCount) { try? NumpyFile.read("\(folder)/y\($0).npy") })
  }

  private func outputs(_ count: Int, _ array: (Int) -> TensorData?) throws(ConversionError) -> [TensorData] {
    var outputs: [TensorData] = []
    for index in 0..<count {
      guard let array = array(index) else {
        throw .consumer(name: name, reason: "it gave \(index) outputs, not \(count)")
      }
      outputs.append(array)
    }
    return outputs
  }

  // MARK: Processes

  /// Runs a program; of one that fails `message` makes the error's words of what it said.
  private func run(_ arguments: [String], _ folder: String, message: (String) -> String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    var environment = ProcessInfo.processInfo.environment
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    environment["CUDA_VISIBLE_DEVICES"] = ""
    process.environment = environment
    let messages = "\(folder)/messages"
    _ = FileManager.default.createFile(atPath: messages, contents: nil)
    let sink = FileHandle(forWritingAtPath: messages)
    process.standardError = sink
    process.standardOutput = sink
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return }
    let said = (try? String(contentsOfFile: messages, encoding: .utf8)) ?? ""
    throw ConversionError.consumer(name: name, reason: message(said))
  }

  private static func lastLine(_ text: String) -> String {
    text.split(separator: "\n").last.map { String($0) } ?? "no message"
  }
}
