import KerasCore
import KerasExport
import KerasFile
import KerasKit
import KerasModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Converts all models of a folder into another, which gets the same tree; what fails is noted and the rest goes on.
///
/// Can be run again: what was converted from the same bytes with the same options is left alone, as its line in
/// `OUTDIR/.keraskit-conversions.jsonl` says.
public struct BatchConversion: Sendable {
  public enum Status: String, Sendable, Hashable {
    case converted
    /// Done by an earlier run.
    case unchanged
    /// Its weights or architecture were converted under another name, or it holds no whole model.
    case skipped
    case failed
  }

  public struct Item: Sendable, Hashable {
    /// Relative to the folder.
    public var source: String
    /// Relative to the folder written to.
    public var target: String
    public var status: Status
    /// The largest difference of outputs, where they were compared.
    public var difference: Double?
    /// What is said in another way, lost or to be known.
    public var notes: [ExportNote] = []
    public var message = ""
  }

  public var conversion: Conversion
  public var loading: LoadOptions
  /// Replace files that no earlier run wrote.
  public var force: Bool
  /// Tells runs with other options apart.
  public var optionsText: String

  public init(_ conversion: Conversion, loading: LoadOptions, force: Bool = false, optionsText: String = "") {
    self.conversion = conversion
    self.loading = loading
    self.force = force
    self.optionsText = optionsText
  }

  /// Converts every model under `folder` to a file of the same relative name under `output`.
  ///
  /// `progress` hears of each finished item, its place and how many there are. Throws `ConversionError` if a folder cannot
  /// be read or made.
  public func run(
    _ folder: String, to output: String, progress: (Int, Int, Item) -> Void = { _, _, _ in }
  ) throws(ConversionError) -> [Item] {
    let exporter: any Exporter
    do {
      exporter = try Formats.exporter(format: conversion.options.format, for: output)
    } catch {
      throw .kit(.export(error))
    }
    let candidates: [ModelFolder.Candidate]
    do {
      candidates = try ModelFolder.candidates(in: folder)
    } catch {
      throw .kit(.file(KerasFileError(file: error.path, .unreadable(error.description))))
    }
    try Self.makeFolder(output)
    var journal = try ConversionJournal(in: output)
    let ending = type(of: exporter).suffixes.first ?? ""
    var items: [Item] = []
    var owners: [String: String] = [:]
    for (index, candidate) in candidates.enumerated() {
      var target = Self.base(candidate.path) + ending
      if let owner = owners[target] {
        if candidate.isText {
          let reason = "converted with its weights, as \(owner)"
          items.append(Item(source: candidate.path, target: target, status: .skipped, message: reason))
          progress(index + 1, candidates.count, items[index])
          continue
        }
        target = candidate.path + ending
      }
      let item = try convert(candidate, "\(folder)/\(candidate.path)", output, target, &journal)
      if item.status != .skipped, item.status != .failed { owners[target] = candidate.path }
      items.append(item)
      progress(index + 1, candidates.count, item)
    }
    return items
  }

  private func convert(
    _ candidate: ModelFolder.Candidate, _ file: String, _ output: String, _ target: String,
    _ journal: inout ConversionJournal
  ) throws(ConversionError) -> Item {
    var item = Item(source: candidate.path, target: target, status: .failed)
    let path = "\(output)/\(target)"
    do {
      let digest = try SourceDigest.sha256(of: file)
      let exists = access(path, F_OK) == 0
      if exists, journal.has(source: candidate.path, digest: digest, options: optionsText, target: target) {
        item.status = .unchanged
        return item
      }
      if exists, !force, !journal.wrote(target) {
        item.message = "\(target) exists; --force replaces it"
        return item
      }
      if let slash = target.lastIndex(of: "/") { try Self.makeFolder("\(output)/\(target[..<slash])") }
      let report = try conversion.convert(try Model.load(file, options: loading), to: path, sourceFile: file)
      item.status = .converted
      item.notes = report.notes
      switch report.proof {
      case .verified(let verification): item.difference = verification.difference
      case .notVerified(let reason): item.message = "not compared: \(reason)"
      }
      try journal.append(source: candidate.path, digest: digest, options: optionsText, target: target)
    } catch let error as KerasKitError {
      if candidate.isText, Self.isForeign(error) { item.status = .skipped }
      item.message = "\(error)"
    } catch {
      item.message = "\(error)"
    }
    return item
  }

  /// Whether a text is no architecture, or an architecture without weights.
  private static func isForeign(_ error: KerasKitError) -> Bool {
    let cause: KerasFileError
    switch error {
    case .file(let error): cause = error
    case .model(let error):
      guard case .file(let error) = error.cause else { return false }
      cause = error
    default: return false
    }
    switch cause.cause {
    case .unknownFormat, .malformedJSON, .missing: return true
    default: return false
    }
  }

  /// The name without its ending.
  private static func base(_ path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
    return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
  }

  /// Makes a folder and those it lies in.
  static func makeFolder(_ path: String) throws(ConversionError) {
    var current = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      current += part
      if mkdir(current, 0o777) != 0, errno != EEXIST {
        throw .inTheWay(path: current, reason: String(cString: strerror(errno)))
      }
      current += "/"
    }
    guard FolderListing.isFolder(path) else { throw .inTheWay(path: path, reason: "it is not a folder") }
  }
}
