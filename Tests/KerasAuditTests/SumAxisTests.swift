import Foundation
import KerasAudit
import KerasKit
import Testing

/// `bias-add-axis` beside what Keras 3.15.1 on TensorFlow made of each model (fixtures/bias_axis.json).
@Suite struct SumAxisTests {
  @Test func itFindsTheModelsThatKerasComputedWrong() throws {
    let record = try JSON(parsing: Array(Data(contentsOf: URL(filePath: SavedModel.fixtures + "/bias_axis.json"))))
    let batches = try #require(record["batches"]?.arrayValue).compactMap(\.intValue)
    let cases = try #require(record["cases"]?.arrayValue)
    var struck = 0
    for (number, known) in cases.enumerated() {
      let config = try #require(known["config"])
      let wrong = try #require(known["call"]?.arrayValue).compactMap(\.intValue)
      let source = ModelSource(
        file: "written.json", format: .json, config: config, trainingConfigContainer: "", versionStamp: "3.15.1")
      let findings = Audit.run(source).of("bias-add-axis")
      #expect(findings.count == (wrong.isEmpty ? 0 : 1), "case \(number): \(findings.map(\.summary))")
      guard let finding = findings.first, !wrong.isEmpty else { continue }
      struck += 1
      #expect(!finding.summary.isEmpty && finding.layer != nil)
      if wrong == batches {
        #expect(!finding.meansNow.contains("in batches of"), "case \(number): \(finding.meansNow)")
      } else {
        let said = finding.meansNow.split(separator: "in batches of ").last.map {
          $0.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        }
        #expect(said?.filter { batches.contains($0) } == wrong, "case \(number): \(finding.meansNow)")
      }
      // What predict computes right although the model does not when it is called.
      let fused = ["Conv1D", "Conv2D"].contains(config["config"]?["layers"]?.arrayValue?.last?["class_name"])
      #expect(finding.meansNow.contains("predict is right") == fused, "case \(number)")
      if fused { #expect(known["predict"] == []) }
    }
    #expect(struck > 15 && struck < cases.count)
  }
}
