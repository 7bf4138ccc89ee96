import Foundation
import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Rows of equal size that are computed one after the other and read in any order: in memory, or in a file on disk.
///
/// The file has no name from the moment it is open, so that it is gone when the program ends, however it ends.
final class RowStore {
  private enum Place {
    case memory(UnsafeMutableRawPointer)
    case file(Int32)
  }

  let count: Int
  let rowBytes: Int
  private let place: Place
  private var isThere: [Bool]
  private var missing: Int

  /// Throws `TrainingError.cache` if there is no room.
  init(count: Int, rowBytes: Int, isOnDisk: Bool, folder: String) throws(TrainingError) {
    self.count = count
    self.rowBytes = rowBytes
    let (total, overflow) = count.multipliedReportingOverflow(by: rowBytes)
    guard !overflow else { throw .cache(folder: folder, reason: "\(count) rows of \(rowBytes) bytes are too many") }
    if isOnDisk {
      place = .file(try Self.file(in: folder, size: total))
    } else {
      guard let memory = malloc(max(total, 1)) else {
        throw .cache(folder: "memory", reason: "no \(total) bytes are free")
      }
      place = .memory(memory)
    }
    isThere = [Bool](repeating: false, count: count)
    missing = count
  }

  deinit {
    switch place {
    case .memory(let memory): free(memory)
    case .file(let descriptor): _ = close(descriptor)
    }
  }

  private static func file(in folder: String, size: Int) throws(TrainingError) -> Int32 {
    var template = Array("\(folder.isEmpty ? "." : folder)/.keraskit-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw .cache(folder: folder, reason: String(cString: strerror(errno))) }
    _ = unlink(template)
    #if os(Linux)
      // Room is taken now: a full disk should not show after hours.
      let failure = posix_fallocate(descriptor, 0, off_t(max(size, 1)))
    #else
      let failure = ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno
    #endif
    guard failure == 0 else {
      _ = close(descriptor)
      throw .cache(folder: folder, reason: "no room for \(size) bytes: \(String(cString: strerror(failure)))")
    }
    return descriptor
  }

  var isComplete: Bool { missing == 0 }

  func hasAll(_ ids: [Int]) -> Bool { ids.allSatisfy { isThere.indices.contains($0) && isThere[$0] } }

  /// Throws `TrainingError.cache` if the disk fails.
  func write(_ id: Int, _ row: UnsafeRawBufferPointer) throws(TrainingError) {
    guard isThere.indices.contains(id), row.count == rowBytes, !isThere[id] else { return }
    switch place {
    case .memory(let memory):
      UnsafeMutableRawBufferPointer(start: memory + id * rowBytes, count: rowBytes).copyMemory(from: row)
    case .file(let descriptor):
      var done = 0
      while done < rowBytes, let start = row.baseAddress {
        let written = pwrite(descriptor, start + done, rowBytes - done, off_t(id * rowBytes + done))
        guard written > 0 else { throw .cache(folder: "the temporary file", reason: String(cString: strerror(errno))) }
        done += written
      }
    }
    isThere[id] = true
    missing -= 1
  }

  /// Copies a row that is there.
  func read(_ id: Int, into row: UnsafeMutableRawBufferPointer) throws(TrainingError) {
    switch place {
    case .memory(let memory):
      row.copyMemory(from: UnsafeRawBufferPointer(start: memory + id * rowBytes, count: rowBytes))
    case .file(let descriptor):
      var done = 0
      while done < rowBytes, let start = row.baseAddress {
        let found = pread(descriptor, start + done, rowBytes - done, off_t(id * rowBytes + done))
        guard found > 0 else { throw .cache(folder: "the temporary file", reason: String(cString: strerror(errno))) }
        done += found
      }
    }
  }
}
