import KerasCore
import KerasExport

/// What all functions of one model share: its variables, the functions of its loops, notes.
final class ModelParts {
  struct Variable {
    var name: String
    var data: TensorData
    var type: ElementType { ElementType(stored: data.dtype) }
  }

  let weightFormat: ExportOptions.WeightFormat
  private(set) var variables: [Variable] = []
  var functions: [SMFunction] = []
  var notes: [ExportNote] = []

  private var names: Set<String> = []
  private var functionCount = 0

  init(weightFormat: ExportOptions.WeightFormat) { self.weightFormat = weightFormat }

  /// Adds a variable; the result is its position.
  func addVariable(_ data: TensorData, _ wish: String) -> Int {
    // The graph's other nodes have names without a slash, or lie in `save/`.
    let isFree = wish.contains("/") && !wish.lowercased().hasPrefix("save/")
    variables.append(Variable(name: NodeName.unique(isFree ? wish : "weights/\(wish)", &names), data: data))
    return variables.count - 1
  }

  /// A name as TensorFlow gives functions: its readers cut the ends off.
  func functionName(_ wish: String) -> String {
    defer { functionCount += 1 }
    return "__inference_\(NodeName.valid(wish).replacing(/[^A-Za-z0-9_]/, with: "_"))_\(functionCount)"
  }
}
