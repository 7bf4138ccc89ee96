import HDF5
import KerasCore

/// Links, data sets and elements of an HDF5 file that lie in another file.
struct ExternalHDF5: FileRule {
  let id = "sec-h5-external"
  let title = "HDF5 parts that lie in another file"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected =
    "all releases: Keras 1 to 3.13.1 follow them; storage in other files is refused from 3.13.2 on, the rest by 3.15.1"
  let explanation = """
    HDF5 can link to another file, keep a data set's elements in any file as raw bytes, or put a data set together from others.
    The HDF5 library follows all of these, so that loading a model reads local files into its weights, from where they can be
    read out again (CVE-2026-1669; measured: Keras 2.15 and 3.8.0 to 3.11.3 load a kernel whose elements are /etc/hostname,
    3.13.2 refuses it but still loads a virtual data set, 3.15.1 refuses both). A soft link stays in the file; Keras 3.15 refuses it too, so it is a warning. KerasKit's own reader never opens a
    second file.
    """
  let fix = """
    Do not load it: no release of Keras writes such a file. To keep the weights, copy the file without links: h5repack, or h5py
    where you trust what they lead to.
    """

  func check(_ file: AuditedFile) -> [Finding] {
    var findings: [Finding] = []
    for part in file.parts {
      guard case .hdf5(let survey) = part.content else { continue }
      for error in survey.borrowed.prefix(20) {
        findings.append(finding(file, error.object.inside(part.container), "\(error.cause.description.asSentence)"))
      }
      for link in survey.links.prefix(20) {
        let place = link.path.inside(part.container)
        if let other = link.file {
          findings.append(finding(file, place, "It is a link to '\(link.target)' in the file '\(other)'."))
        } else {
          findings.append(
            finding(
              file, place, "It is a soft link to '\(link.target)' in the same file.", severity: .warning,
              now: "Keras 3.15 refuses soft links."))
        }
      }
      let left = max(0, survey.borrowed.count - 20) + max(0, survey.links.count - 20)
      if left > 0 { findings.append(finding(file, part.container, "There are \(left) more of this kind.")) }
    }
    return findings
  }
}

/// Data sets that declare a size which nothing stored accounts for.
struct HDF5ShapeBomb: FileRule {
  let id = "sec-h5-shape-bomb"
  let title = "HDF5 data sets of a size that is not there"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases up to Keras 3.12.0 and 3.13.0"
  let explanation = """
    A data set may declare terabytes and store nothing, or one packed chunk of zeros: reading it allocates all of it, and the
    process dies (CVE-2026-0897). Keras 3.15 refuses more than 4 GiB that are a thousand times what is stored; KerasKit more
    than 64 MiB of that kind.
    """
  let fix = "Do not load it: the file cannot hold the weights it declares."

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.flatMap { part -> [Finding] in
      guard case .hdf5(let survey) = part.content else { return [] }
      return survey.oversized.prefix(20).map { error in
        finding(
          file, error.object.inside(part.container), error.cause.description.asSentence,
          now: "Keras 3.15 refuses it above 4 GiB; older releases allocate it.")
      }
    }
  }
}

/// HDF5 files whose objects go round in circles, or deeper and wider than a model's.
struct DeepHDF5: FileRule {
  let id = "sec-h5-deep"
  let title = "HDF5 groups in circles or without end"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases; no release of Keras bounds it"
  let explanation = """
    A hard link can lead back to a group that it lies in, groups can be nested without end, and an object can have any number
    of attributes. A program that walks over all groups then never ends, or goes deeper than its stack. KerasKit follows 64
    levels and visits each object once.
    """
  let fix = "Do not load it with a program that walks over all groups: no release of Keras writes such a file."

  func check(_ file: AuditedFile) -> [Finding] {
    var findings: [Finding] = []
    for part in file.parts {
      guard case .hdf5(let survey) = part.content else { continue }
      if !survey.cycles.isEmpty {
        findings.append(
          finding(file, part.container, "Links lead back to a group they are in: \(some(survey.cycles.map(short)))."))
      }
      if !survey.tooDeep.isEmpty {
        findings.append(
          finding(
            file, part.container, "Groups are nested too deep to be followed: \(some(survey.tooDeep.map(short)))."))
      }
      for (path, count) in survey.crowded.prefix(20) {
        findings.append(finding(file, path.inside(part.container), "It has \(count) attributes."))
      }
      if survey.isCutShort {
        findings.append(finding(file, part.container, "It holds more than \(survey.objects) objects."))
      }
    }
    return findings
  }

  private func short(_ path: String) -> String { path.count > 80 ? "\(path.prefix(77))…" : path }
}

extension String {
  /// An object's path within the part of the file that holds it.
  func inside(_ container: String) -> String { container.isEmpty ? self : "\(container)#\(self)" }

  /// `the data set …` as a sentence of its own.
  var asSentence: String {
    let text = hasPrefix("refused: ") ? String(dropFirst(9)) : self
    return (text.first.map { $0.uppercased() } ?? "") + text.dropFirst() + "."
  }
}
