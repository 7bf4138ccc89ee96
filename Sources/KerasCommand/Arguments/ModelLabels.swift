import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The map of labels that belongs to a model: the one named, or the one beside it.
enum ModelLabels {
  static func read(_ path: String?, forModel model: String?) throws -> LabelMap? {
    if let path { return try LabelMap.read(path) }
    guard let model else { return nil }
    let beside = LabelMap.path(forModel: model)
    return access(beside, R_OK) == 0 ? try LabelMap.read(beside) : nil
  }
}
