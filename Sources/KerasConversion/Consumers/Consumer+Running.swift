import DataFiles
import Foundation
import KerasCore
import KerasKit

extension Consumer {
  /// What the program predicts for a written model.
  ///
  /// `inputs` and `outputs` are the model's names in order, `arrays` the inputs' arrays. `python` is the interpreter it is
  /// installed in. Throws `ConversionError.consumer` with the last line of what Python said.
  public func predict(
    _ path: String, inputs: [String], arrays: [TensorData], outputs: [String], python: String
  ) throws(ConversionError) -> [TensorData] {
    let folder = NSTemporaryDirectory() + "keraskit-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let members = zip(inputs.indices, arrays).map { NumpyArchive.Member(name: "x\($0)", tensor: $1) }
      try NumpyArchive(members: members).write(to: "\(folder)/inputs.npz")
      try Data(Self.frame(script).utf8).write(to: URL(fileURLWithPath: "\(folder)/run.py"))
      let request: JSON = [
        "path": .string(URL(fileURLWithPath: path).path), "inputs": .array(inputs.map { .string($0) }),
        "outputs": .array(outputs.map { .string($0) }),
      ]
      try Data(request.text().utf8).write(to: URL(fileURLWithPath: "\(folder)/request.json"))
      try run(python, folder)
      let found = try NumpyArchive(path: "\(folder)/outputs.npz")
      return try outputs.indices.map { index in
        guard let array = found["y\(index)"] else {
          throw ConversionError.consumer(name: name, reason: "it gave \(found.members.count) outputs")
        }
        return array
      }
    } catch let error as ConversionError {
      throw error
    } catch {
      throw .consumer(name: name, reason: "\(error)")
    }
  }

  private func run(_ python: String, _ folder: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-W", "ignore", "\(folder)/run.py", folder]
    var environment = ProcessInfo.processInfo.environment
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    environment["CUDA_VISIBLE_DEVICES"] = ""
    process.environment = environment
    let messages = "\(folder)/stderr"
    _ = FileManager.default.createFile(atPath: messages, contents: nil)
    process.standardError = FileHandle(forWritingAtPath: messages)
    process.standardOutput = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return }
    let said = (try? String(contentsOfFile: messages, encoding: .utf8)) ?? ""
    let last = said.split(separator: "\n").last.map { String($0) } ?? "no message"
    let hint = last.contains("ModuleNotFoundError") || last.contains("No such file") ? " (pip install \(packages))" : ""
    throw ConversionError.consumer(name: name, reason: "\(python): \(last)\(hint)")
  }

  private static func frame(_ script: String) -> String {
    """
    import json, os, sys
    import numpy as np
    folder = sys.argv[1]
    request = json.load(open(os.path.join(folder, "request.json")))
    path, inputs, outputs = request["path"], request["inputs"], request["outputs"]
    \(script)
    stored = np.load(os.path.join(folder, "inputs.npz"))
    found = predict({name: stored["x%d" % i] for i, name in enumerate(inputs)})
    np.savez(os.path.join(folder, "outputs.npz"), **{"y%d" % i: np.asarray(y) for i, y in enumerate(found)})
    """
  }
}
