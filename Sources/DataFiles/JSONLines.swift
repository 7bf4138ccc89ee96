import KerasCore

/// Reads JSON Lines: an object per sample whose members are numbers, booleans, texts, or nested arrays of them.
public enum JSONLines {
  /// Members by name, each with a first axis of samples: int32 where all numbers are such, float32, or strings.
  ///
  /// Every sample has the members of the first, in the same shapes. Empty lines are skipped. Throws `DataFileError` that
  /// names the line (from 1) and the member; `null` is a missing value.
  public static func read(_ path: String) throws(DataFileError) -> [String: TensorData] {
    let contents: FileContents
    do { contents = try FileContents(path: path) } catch { throw DataFileError(file: path, .file(error)) }
    do {
      return try contents.withBytes { bytes throws(DataFileError.Cause) in try arrays(bytes) }
    } catch {
      throw DataFileError(file: path, error)
    }
  }

  private static func arrays(_ bytes: UnsafeRawBufferPointer) throws(DataFileError.Cause) -> [String: TensorData] {
    var samples = Samples()
    var (start, line) = (0, 0)
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.count
      line += 1
      _ = try samples.append(Array(bytes[start..<end]), line: line)
      start = end + 1
    }
    guard samples.count > 0 else { throw .empty }
    return try samples.arrays()
  }

  /// Samples read so far, member by member.
  struct Samples {
    private var members: [String: Member] = [:]
    private(set) var count = 0

    init() {}

    /// The members' names and the shape of one sample of each; none before the first line.
    var columns: [(name: String, shape: [Int])] {
      members.map { ($0.key, $0.value.shape) }.sorted { $0.name < $1.name }
    }

    /// Adds the sample of a line; `false` if the line is empty.
    mutating func append(_ text: [UInt8], line: Int) throws(DataFileError.Cause) -> Bool {
      if text.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) { return false }
      let sample: JSON
      do {
        sample = try JSON(parsing: text, maximumDepth: 64)
      } catch {
        throw .damaged("line \(line): \(error)")
      }
      guard let object = sample.objectValue else {
        throw .damaged("line \(line): \(sample.kind) where an object is due")
      }
      if !members.isEmpty, object.count != members.count {
        throw .raggedRow(row: line, expected: members.count, found: object.count)
      }
      let isFirst = members.isEmpty
      for (name, value) in object {
        if isFirst { members[name] = Member(shape: Member.shape(of: value)) }
        guard members[name] != nil else {
          throw .noSuchColumn(name, available: members.keys.sorted())
        }
        try members[name]?.append(value, axis: 0, row: line, name: name)
      }
      count += 1
      return true
    }

    /// The samples' arrays.
    func arrays() throws(DataFileError.Cause) -> [String: TensorData] {
      var result: [String: TensorData] = [:]
      for (name, member) in members { result[name] = try member.tensor(count: count, name: name) }
      return result
    }

    /// Forgets the samples but not what they have to look like.
    mutating func removeAll() {
      for name in members.keys { members[name] = members[name].map { Member(shape: $0.shape) } }
      count = 0
    }
  }

  /// What the samples so far have under one name.
  fileprivate struct Member {
    /// Of one sample.
    let shape: [Int]
    private var integers: [Int64] = []
    private var floats: [Float] = []
    private var strings: [String] = []
    private var isInteger = true

    init(shape: [Int]) { self.shape = shape }

    static func shape(of value: JSON) -> [Int] {
      guard let elements = value.arrayValue else { return [] }
      return [elements.count] + (elements.first.map { shape(of: $0) } ?? [])
    }

    mutating func append(_ value: JSON, axis: Int, row: Int, name: String) throws(DataFileError.Cause) {
      if axis < shape.count {
        guard let elements = value.arrayValue, elements.count == shape[axis] else {
          throw .damaged("line \(row), '\(name)': not of the first sample's shape \(Shape(shape))")
        }
        for element in elements { try append(element, axis: axis + 1, row: row, name: name) }
        return
      }
      if value.isNull { throw .missingValue(row: row, column: name) }
      if let text = value.stringValue {
        guard floats.isEmpty else { throw .notANumber(row: row, column: name, found: text) }
        strings.append(text)
        return
      }
      guard strings.isEmpty, let number = value.boolValue.map({ $0 ? 1 : 0 }) ?? value.doubleValue else {
        throw .damaged("line \(row), '\(name)': \(value.kind) where the first sample has \(kind)")
      }
      floats.append(Float(number))
      guard isInteger else { return }
      if let integer = value.intValue ?? Int(exactly: number) {
        integers.append(Int64(integer))
      } else {
        isInteger = false
        integers = []
      }
    }

    private var kind: String { strings.isEmpty ? "a number" : "a text" }

    func tensor(count: Int, name: String) throws(DataFileError.Cause) -> TensorData {
      do {
        if !strings.isEmpty { return try TensorData(shape: [count] + shape, strings: strings) }
        let narrow = integers.compactMap { Int32(exactly: $0) }
        if isInteger, narrow.count < integers.count {
          return try TensorData(shape: [count] + shape, int64s: integers)
        }
        return isInteger
          ? try TensorData(shape: [count] + shape, int32s: narrow)
          : try TensorData(shape: [count] + shape, floats: floats)
      } catch {
        throw .damaged("'\(name)': \(error)")
      }
    }
  }
}
