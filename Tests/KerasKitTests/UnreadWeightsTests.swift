import Foundation
import KerasCore
import PackedFixtures
import Testing

@testable import KerasKit

/// Models whose weights stay in the file until they are computed with.
@Suite struct UnreadWeightsTests {
  private func load(_ path: String, readsWeights: Bool) throws -> Model {
    var options = LoadOptions()
    options.readsWeights = readsWeights
    let model = try Model.load(path, options: options)
    model.threads = 1
    return model
  }

  @Test(arguments: Set(PlanBoundsTests.bounds.map(\.model)).sorted())
  func predictionsAreTheSame(model name: String) throws {
    let path = PackedFixtures.path(name)
    let (read, unread) = (try load(path, readsWeights: true), try load(path, readsWeights: false))
    #expect(!read.loaded.weights.isEmpty)
    #expect(unread.loaded.weights.isEmpty)
    for count in [1, 7, 40] {
      let inputs = try read.sampleInputs(batchSize: count)
      #expect(try unread.predict(inputs) == read.predict(inputs))
    }
  }

  /// A classifier with a convolution that takes a BatchNormalization in, larger than what is read at once.
  private func largeModel(in folder: URL) throws -> String {
    func layer(_ name: String, _ config: JSON) -> JSON { ["class_name": .string(name), "config": config] }
    let config: JSON = [
      "class_name": "Sequential",
      "config": [
        "name": "large",
        "layers": [
          layer("InputLayer", ["name": "x", "batch_shape": [nil, 6, 6, 32], "dtype": "float32"]),
          layer("Conv2D", ["name": "c", "filters": 32, "kernel_size": [3, 3], "use_bias": false]),
          layer("BatchNormalization", ["name": "n", "axis": -1]),
          layer("Flatten", ["name": "f"]), layer("Dense", ["name": "d", "units": 40]),
        ],
      ],
    ]
    let architecture = folder.appendingPathComponent("large.json")
    try Data(config.text().utf8).write(to: architecture)
    var options = LoadOptions(allowsPartialWeights: true)
    options.findsPartner = false
    let path = folder.appendingPathComponent("large.keras").path
    try Model.load(architecture.path, options: options).save(to: path)
    return path
  }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("unread-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func foldedKernelsAreMadeAgainWhereTheyArePacked() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try largeModel(in: folder)
    let (read, unread) = (try load(path, readsWeights: true), try load(path, readsWeights: false))
    let inputs = try read.sampleInputs(batchSize: 3)
    let expected = try read.predict(inputs)
    #expect(try unread.predict(inputs) == expected)
    // No step is left of the normalization, and no kernel is held in two orders.
    let plan = try unread.repeatedCall(batchSize: 1).plan
    #expect(!plan.stepDescriptions.contains { $0.name.contains("multiply") })
    let kernels = 4 * (3 * 3 * 32 * 32 + 4 * 4 * 32 * 64)
    // Winograd's products have four times the numbers of a kernel.
    #expect(plan.weightByteCount <= kernels + 4 * (3 * 3 * 32 * 32 * 3 + 1024))
  }

  @Test func aFileCutOffMeanwhileIsAnErrorThatNamesIt() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try largeModel(in: folder)
    let model = try load(path, readsWeights: false)
    let inputs = try model.sampleInputs(batchSize: 2)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 5000)
    try file.close()
    let error = #expect(throws: KerasKitError.self) { try model.predict(inputs) }
    guard case .model(let cause)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect("\(cause)".contains(path))
    #expect("\(cause)".contains("shorter") || "\(cause)".contains("changed"))
  }
}
