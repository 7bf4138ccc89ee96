import Foundation
import KerasKit
import Testing

/// The training example of `README.md`, compiled as it stands there.
enum TrainingExample {
  static func run(model path: String, data dataPath: String, output: String) async throws -> Evaluation {
    // docs:begin
    let model = try Model.load(path)
    let samples = try SampleFile.open(dataPath, for: model)
    var fit = FitOptions(epochs: 5, validationSplit: 0.2)
    fit.earlyStopping = EarlyStopping(Monitor("val_loss"), patience: 2, restoresBest: true)
    fit.checkpoints = CheckpointOptions(path: output + ".checkpoint", every: .epochs(1))
    let run = try model.fineTuning(samples.source, fit: fit)
    for try await progress in run where progress.isEndOfEpoch {
      print(progress.epoch, progress.training.loss, progress.validation?.metrics ?? [])
    }
    let result = try model.evaluate(samples.source)
    try model.save(to: output)
    // docs:end
    return result
  }
}

@Suite struct TrainingExampleTests {
  @Test func theExampleRunsAndIsTheOneInTheDocs() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (path, data) = ("\(Fixture.root)/fixtures/demo/digits-2017.h5", "\(Fixture.root)/fixtures/demo/digits.npz")
    let before = try Model.load(path)
    let old = try before.evaluate(DataSet.read(data, for: before))
    let output = folder.appendingPathComponent("tuned.keras").path
    let new = try await TrainingExample.run(model: path, data: data, output: output)
    #expect(new.loss < old.loss)
    #expect(FileManager.default.fileExists(atPath: output))
    let checkpoint = try Checkpoint.read(output + ".checkpoint")
    #expect(checkpoint.epochsDone == checkpoint.history.epochs.count)

    let lines = try String(contentsOfFile: #filePath, encoding: .utf8).components(separatedBy: "\n")
    let begin = try #require(lines.firstIndex { $0.contains("// docs:begin") })
    let end = try #require(lines.firstIndex { $0.contains("// docs:end") })
    let example = lines[(begin + 1)..<end].map { String($0.dropFirst(4)) }.joined(separator: "\n")
    let docs = try String(contentsOfFile: "\(Fixture.root)/README.md", encoding: .utf8)
    #expect(docs.contains("```swift\n\(example)\n```"))
  }

  /// The closure's way gives the same weights, and `.stop` ends it.
  @Test func closuresAndSequencesAreTheSameRun() async throws {
    let path = "\(Fixture.root)/fixtures/demo/digits-2017.h5"
    let (first, second) = (try Model.load(path), try Model.load(path))
    let data = try DataSet.read("\(Fixture.root)/fixtures/demo/digits.npz", for: first)
    try first.fineTune(data, fit: FitOptions(epochs: 2, batchSize: 100))
    for try await _ in try second.fineTuning(data, fit: FitOptions(epochs: 2, batchSize: 100)) {}
    #expect(first.loaded.weights == second.loaded.weights)
    let third = try Model.load(path)
    let history = try third.fineTune(data, fit: FitOptions(epochs: 9, batchSize: 100)) {
      $0.epoch == 2 ? .stop : .proceed
    }
    #expect(history.wasStopped)
    #expect(history.epochs.count == 2)
    #expect(third.loaded.weights != first.loaded.weights)
  }
}
