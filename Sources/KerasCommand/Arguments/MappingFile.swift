import ArgumentParser
import KerasKit

/// Mappings read from a JSON file.
struct MappingFile: ExpressibleByArgument, Sendable {
  /// The most bytes such a file may have.
  private static let maximumSize = 1 << 20

  let mappings: [ObjectMapping]

  init?(argument: String) {
    do {
      let contents = try FileContents(path: argument)
      guard contents.count <= Self.maximumSize else {
        throw ValidationError("a file of mappings has at most \(Self.maximumSize) bytes")
      }
      mappings = try ObjectMapping.all(in: JSON(parsing: contents.array()))
    } catch {
      Terminal.printNote("error: \(argument): \(error)")
      return nil
    }
  }
}

extension ObjectMapping: ExpressibleByArgument {
  public init?(argument: String) {
    do {
      try self.init(parsing: argument)
    } catch {
      Terminal.printNote("error: --map '\(argument)': \(error)")
      return nil
    }
  }
}
