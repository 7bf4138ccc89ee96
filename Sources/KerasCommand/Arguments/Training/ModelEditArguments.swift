import ArgumentParser
import KerasKit

/// What is changed in the model before it is trained.
struct ModelEditArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Layers not to train, by path with * and ?; may be repeated.", valueName: "pattern"))
  var freeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "Layers to train although the file or --freeze says otherwise; may be repeated.", valueName: "pattern"))
  var unfreeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "Regularizers to add, such as 'dense_*: kernel=l2(1e-4), activity=l1(1e-5)'; fields and classes are Keras 3's: "
        + "kernel, bias, recurrent, embeddings, beta, gamma, depthwise, pointwise, activity; l1, l2, l1_l2, orthogonal. "
        + "May be repeated.",
      valueName: "pattern: field=regularizer"))
  var addRegularizer: [String] = []

  @Option(
    help: ArgumentHelp(
      "Regularizers to remove, such as 'dense_*: kernel', or all of the layers that a pattern matches; done before "
        + "--add-regularizer. May be repeated.",
      valueName: "pattern[: fields]"))
  var removeRegularizer: [String] = []

  @Option(
    help: ArgumentHelp(
      "A new classifier for so many classes, on the features before the model's last Dense or convolution.",
      valueName: "classes"))
  var replaceHead: Int?

  @Option(
    help: ArgumentHelp(
      "Keras' random layers before the model, in training only and not in what is written: flip[=horizontal|vertical|both], "
        + "rotate, zoom, translate, shear, contrast, brightness, hue, saturation, each with =number, such as "
        + "'flip,rotate=0.05,zoom=0.1'.",
      valueName: "list"))
  var augment: String?

  @Option(
    help: ArgumentHelp(
      "The range of the pixels, which contrast, brightness and colours need; of a folder of images it is known.",
      valueName: "low:high"))
  var augmentRange: PixelRange?

  /// `folderScale` is what pixels from 0 to 255 of a folder of images are multiplied by, `nil` for other data.
  func augmentation(folderScale: Double?) throws -> Augmentation? {
    let known = folderScale.map { min(0, 255 * $0)...max(0, 255 * $0) }
    do {
      return try augment.map { text throws(EditError) in
        try Augmentation(text, valueRange: augmentRange?.value ?? known)
      }
    } catch {
      throw CommandFailure.usage(augmentRange == nil && known == nil ? "\(error) (--augment-range)" : "\(error)")
    }
  }

  func validate() throws {
    if let augment {
      // Its words; the range may come with the data.
      do { _ = try Augmentation(augment, valueRange: 0...1) } catch { throw ValidationError("--augment: \(error)") }
    }
    if let replaceHead, replaceHead < 1 { throw ValidationError("--replace-head should be at least 1") }
    do { _ = try edits } catch { throw ValidationError("\(error)") }
  }

  private var edits: [RegularizerEdit] {
    get throws(EditError) {
      var edits: [RegularizerEdit] = []
      for text in removeRegularizer { edits.append(try RegularizerEdit(removing: text)) }
      for text in addRegularizer { edits.append(try RegularizerEdit(adding: text)) }
      return edits
    }
  }

  /// The model as it is to be trained; says what was changed.
  func applied(to model: Model, loss: String?, seed: UInt64) throws -> (model: Model, changes: [String]) {
    do {
      var model = model
      var notes: [String] = []
      if let classes = replaceHead {
        let (edited, head) = try model.replacingHead(HeadReplacement(classes: classes, loss: loss, seed: seed))
        model = edited
        notes.append(Self.text(head))
      }
      let (edited, changes) = try model.editing(edits)
      notes += changes.map { Self.text($0) }
      for note in notes { Terminal.printNote(note) }
      return (changes.isEmpty ? model : edited, notes)
    } catch KerasKitError.edit(let error) {
      throw CommandFailure.usage("\(error)")
    }
  }

  private static func text(_ change: RegularizerChange) -> String {
    let old = change.old.map(\.text) ?? "none"
    return "\(change.layer): \(change.field) regularizer \(change.new?.text ?? "removed") (was \(old))"
  }

  private static func text(_ head: ReplacedHead) -> String {
    let old = head.oldClasses.map { "in place of \($0)" } ?? "added: the model had no classifier"
    return "\(head.layer): new \(head.className) for \(head.classes) classes (\(old)), \(head.activation), "
      + "loss \(head.loss)" + (head.choseOptimizer ? ", optimizer Adam unless --optimizer says otherwise" : "")
  }
}

/// Two numbers, the lower first: `0:255`.
struct PixelRange: ExpressibleByArgument, Sendable {
  let value: ClosedRange<Double>

  init?(argument: String) {
    let ends = argument.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high else {
      return nil
    }
    value = low...high
  }
}
