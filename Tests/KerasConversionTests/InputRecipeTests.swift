import KerasConversion
import KerasKit
import PackedFixtures
import Testing

@Suite struct InputRecipeTests {
  @Test func indicesStayWithinTheirTable() throws {
    let model = try Model.load(PackedFixtures.path("models/keras-2.1.3/embedding_lstm_mask.h5"))
    let recipe = try #require(model.inputRecipes(samples: 8, seed: 1).first)
    guard case .whole(let below) = recipe.content else {
      Issue.record("\(recipe.content)")
      return
    }
    let table = try #require(model.loaded.weights.first { $0.key.hasSuffix("/embeddings") }).value
    #expect(below == table.shape[0])
    let array = try recipe.array()
    #expect(array.shape[0] == 8)
    #expect(try array.doubles().allSatisfy { $0 >= 0 && $0 < Double(below) && $0 == $0.rounded() })
    #expect(try recipe.array() == array, "the same each time")
    var other = recipe
    other.seed = 2
    #expect(try other.array() != array)
  }

  @Test func sequencesOfOddSamplesEndInZeros() throws {
    let recipe = InputRecipe(name: "x", shape: [2, 8, 3], content: .real, seed: 5)
    let values = try recipe.array().floats()
    #expect(values[..<42].allSatisfy { $0 != 0 && $0 >= -1 && $0 < 1 })
    #expect(values[42...].allSatisfy { $0 == 0 })
  }

  @Test func aRecipeTooLargeForMemoryIsRefused() {
    let recipe = InputRecipe(name: "x", shape: [1 << 40, 1 << 40], content: .real, seed: 5)
    #expect(throws: TensorDataError.self) { try recipe.array() }
  }
}
