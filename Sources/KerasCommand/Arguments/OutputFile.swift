import KerasConversion
import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Checks on a file to be written, before the work that would fill it.
enum OutputFile {
  /// Throws a usage failure if the file exists and may not be replaced, or is of a kind that training does not write.
  static func check(_ path: String, force: Bool) throws {
    do {
      _ = try Exporters.forFile(path)
    } catch {
      throw CommandFailure.usage("\(error)")
    }
    try checkPlace(path, force: force)
  }

  /// Throws a usage failure if the name's ending belongs to no format.
  static func checkFormat(_ path: String) throws {
    do {
      _ = try Formats.exporter(for: path)
    } catch {
      throw CommandFailure.usage("\(error)")
    }
  }

  /// Throws a usage failure if something has that name and may not be replaced.
  static func checkPlace(_ path: String, force: Bool) throws {
    if !force, exists(path) {
      throw CommandFailure.usage("\(path) exists; --force replaces it")
    }
  }

  /// Throws a usage failure if a page's name does not end in .html, or it exists and may not be replaced.
  static func checkPage(_ path: String, force: Bool) throws {
    guard path.lowercased().hasSuffix(".html") || path.lowercased().hasSuffix(".htm") else {
      throw CommandFailure.usage("\(path): the name of a report should end in .html")
    }
    if !force, exists(path) { throw CommandFailure.usage("\(path) exists; --force replaces it") }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
