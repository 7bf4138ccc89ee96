import KerasCore
import ZipArchive

/// Names and links in an archive or folder that lead out of it.
struct ZipSlip: FileRule {
  let id = "sec-zip-slip"
  let title = "Names and links that lead out of the archive"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases that unpack archives: Keras 2.12 and later for assets, get_file of all"
  let explanation = """
    A member of an archive may be called ../../x or /etc/x, or be a symbolic link to another folder; a program that unpacks it
    then writes there. Keras unpacks an archive's assets into a folder of its own, with a check of names that was by the
    current folder up to 3.13 (GHSA-hqp4-2352-xf5r, fixed in 3.14), and get_file unpacks what a config had it download
    (CVE-2025-12060). A model without assets is not unpacked: 3.8.0 and 3.15.1 load one with such names and never look at them
    (measured). In an unzipped folder a symbolic link makes the loader read another file for the model's own.
    """
  let fix = """
    Do not unpack it with a program that trusts names. Keras writes neither links nor such names: ask where the file comes from.
    """

  func check(_ file: AuditedFile) -> [Finding] {
    var findings: [Finding] = []
    for part in file.parts {
      switch part.content {
      case .archive(let archive):
        let names = archive.entries.filter { !$0.staysInside }.map { "'\($0.name.prefix(100))'" }
        if !names.isEmpty {
          findings.append(finding(file, part.container, "Members lead out of the archive: \(some(names))."))
        }
        let links = archive.entries.filter(\.isLink).map { entry in
          let target = archive.content(of: entry, limit: 200).map { String(decoding: $0, as: UTF8.self) } ?? "?"
          return "'\(entry.name.prefix(100))' to '\(target)'"
        }
        if !links.isEmpty {
          findings.append(finding(file, part.container, "Members are symbolic links: \(some(links))."))
        }
      case .links(let links):
        for link in links {
          let leadsOut = link.target.hasPrefix("/") || link.target.split(separator: "/").contains("..")
          findings.append(
            finding(
              file, link.name, "It is a symbolic link to '\(link.target)'.", severity: leadsOut ? .error : .warning,
              advice: leadsOut ? fix : "Copy what the link leads to if the folder is to be passed on."))
        }
      default: break
      }
    }
    return findings
  }
}

/// Archives that unpack into more than they can hold.
struct ZipBomb: FileRule {
  let id = "sec-zip-bomb"
  let title = "Archives that unpack into far more than they are"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases with .keras files; refused by Keras 3.15"
  let explanation = """
    A member may declare, or really unpack into, a thousand times what is stored of it, or share its bytes with a hundred
    others: who loads it runs out of memory or disk. Keras stores members uncompressed, so nothing honest comes near. Keras
    3.15 refuses members of more than 4 GiB that are a hundred times their stored size, and unpacking more than 256 MiB of the
    kind; KerasKit refuses what deflate cannot reach (1032 : 1) above 64 MiB, more than 100 000 members, and shared bytes.
    """
  let fix = "Do not load it: no model needs this."

  /// Keras 3.15: `_ZIP_EXTRACT_BOMB_FLOOR_BYTES` and the expansion it allows.
  private static let questionedBytes = 256 << 20
  private static let expansion = 100

  func check(_ file: AuditedFile) -> [Finding] {
    var findings: [Finding] = []
    for part in file.parts {
      guard case .archive(let archive) = part.content else { continue }
      for entry in archive.entries {
        guard let stored = entry.stored?.count else { continue }
        let isQuestioned = entry.size > Self.questionedBytes && entry.size / Self.expansion > stored
        guard entry.isBomb || isQuestioned else { continue }
        let name = part.container.isEmpty ? entry.name : "\(part.container)#\(entry.name)"
        findings.append(
          finding(
            file, name, "It declares \(entry.size) bytes where \(stored) are stored.", now: "Keras 3.15 refuses it."))
      }
      let shared = archive.overlapping.map { "'\($0.name.prefix(100))'" }
      if !shared.isEmpty {
        findings.append(finding(file, part.container, "Members share their bytes with others: \(some(shared))."))
      }
      if case .tooLarge(let what)? = archive.problem?.cause {
        findings.append(finding(file, part.container, "It is larger than any model's archive: \(what)."))
      }
    }
    return findings
  }
}

/// Archives that two readers take for different files.
struct AmbiguousArchive: FileRule {
  let id = "sec-zip-ambiguous"
  let title = "Archives that readers take for different files"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases with .keras files"
  let explanation = """
    An archive may hold two members of one name, name a member otherwise in its directory than where it lies, or stand behind
    another file's bytes. Readers choose differently: Python takes the last of two members (measured: Keras 3.15.1 meets the
    Lambda of the second config.json), others the first; and Keras takes a .keras file for an archive by its end, though it
    begins as HDF5 (measured too). A scanner then looks at another model than the one that is loaded. Encrypted members are read by none.
    """
  let fix = "Do not load it: no release of Keras writes such a file. KerasKit refuses archives of this kind."

  func check(_ file: AuditedFile) -> [Finding] {
    var findings: [Finding] = []
    for part in file.parts {
      switch part.content {
      case .archive(let archive):
        let twice = archive.repeatedNames.map { "'\($0.prefix(100))'" }
        if !twice.isEmpty {
          findings.append(finding(file, part.container, "More than one member is called \(some(twice))."))
        }
        for entry in archive.entries {
          guard let other = entry.otherName else { continue }
          findings.append(
            finding(
              file, part.container,
              "The member '\(entry.name.prefix(100))' is called '\(other.prefix(100))' where it lies."))
        }
        let encrypted = archive.entries.filter(\.isEncrypted).map { "'\($0.name.prefix(100))'" }
        if !encrypted.isEmpty {
          findings.append(finding(file, part.container, "Members are encrypted: \(some(encrypted))."))
        }
        if archive.leadingBytes > 0, !isAppended(file, part.container) {
          findings.append(
            finding(file, part.container, "\(archive.leadingBytes) bytes stand before the archive begins."))
        }
      case .appended(let archive):
        findings.append(
          finding(
            file, part.container,
            "It is an archive of \(archive.entries.count) members behind another file's bytes: both may be loaded."))
      default: break
      }
    }
    return findings
  }

  private func isAppended(_ file: AuditedFile, _ container: String) -> Bool {
    file.parts.contains { part in
      if part.container == container, case .appended = part.content { true } else { false }
    }
  }
}
