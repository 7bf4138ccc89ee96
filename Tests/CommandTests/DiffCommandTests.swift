import Foundation
import KerasKit
import Testing

@Suite struct DiffCommandTests {
  private let folder = Command.root + "/fixtures/model_pair"
  private var old: String { folder + "/keras-1.2.2.h5" }
  private var new: String { folder + "/keras-2.1.3.h5" }
  private var trained: String { folder + "/keras-2.1.3-trained.h5" }

  @Test func aModelIsTheSameAsItself() throws {
    let result = try Command.run("diff", new, new, "--run")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("Same: no differences."))
    #expect(result.output.contains("matched layers agree"))
  }

  @Test func trainingIsNamedWithItsLayersAndWhereOutputsPart() throws {
    let result = try Command.run("diff", new, trained, "--run", "--seed", "3")
    #expect(result.status == 1, "\(result.errors)")
    #expect(result.output.contains("weight cell/recurrent_kernel: trained"), "\(result.output)")
    #expect(result.output.contains("first layer that diverges: memory (LSTM)"), "\(result.output)")
    #expect(result.output.contains("Different"))
  }

  @Test func scriptsReadTheSameInJSON() throws {
    let result = try Command.run("diff", old, trained, "--run", "--json")
    #expect(result.status == 1, "\(result.errors)")
    let json = try JSON(parsing: result.output)
    #expect(json["same"] == false)
    #expect(json["run"]?["first_divergence"]?["a"] == "memory")
    #expect(json["reorderings"] == [])
    let layers = try #require(json["layers"]?.arrayValue)
    let eye = try #require(layers.first { $0["a"] == "eye" })
    #expect(eye["weights"]?.arrayValue?.allSatisfy { $0["relation"] == "equal" } == true)
    let answer = try #require(layers.first { $0["a"] == "answer" })
    #expect(answer["weights"]?.arrayValue?.allSatisfy { $0["relation"] == "trained" } == true)
  }

  @Test func aWrongCommandLineIsTwo() throws {
    #expect(try Command.run("diff", new).status == 2)
    #expect(try Command.run("diff", new, new, "--tolerance", "-1").status == 2)
    #expect(try Command.run("diff", new, new, "--run", "--data", "x.npy").status == 2)
  }

  @Test func aFileThatCannotBeReadIsThree() throws {
    let result = try Command.run("diff", new, folder + "/none.h5")
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1)
    let place = try Command.folder() + "/broken.h5"
    try Data("no model".utf8).write(to: URL(fileURLWithPath: place))
    #expect(try Command.run("diff", place, new).status == 3)
  }

  @Test func helpShowsAnExample() throws {
    let result = try Command.run("diff", "--help")
    #expect(result.status == 0)
    #expect(result.output.contains("keraskit diff model-2016.h5 model.keras --run --seed 7"))
  }
}
