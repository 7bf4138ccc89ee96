import KerasCore

extension Padding {
  /// The zeros before and after each spatial axis and the number of window positions.
  ///
  /// Window position j reads the padded input from j·stride on. Where stride leaves elements over at the end, `after` is 0
  /// and those elements are not read. Throws `GraphError` if a window is larger than what it may cover.
  public func resolved(
    inputSpatial: [Int], kernel: [Int], strides: [Int], dilations: [Int]
  ) throws(GraphError) -> (before: [Int], after: [Int], output: [Int]) {
    var before: [Int] = []
    var after: [Int] = []
    var output: [Int] = []
    guard kernel.count == inputSpatial.count, strides.count == kernel.count, dilations.count == kernel.count else {
      throw Padding.error("input, kernel, strides and dilations differ in their number of spatial axes")
    }
    for axis in inputSpatial.indices {
      let reach = try Padding.reach(kernel[axis], strides[axis], dilations[axis])
      let size = inputSpatial[axis]
      if case .explicit(let zerosBefore, let zerosAfter) = self {
        guard zerosBefore.count == kernel.count, zerosAfter.count == kernel.count else {
          throw Padding.error("padding is not given for each spatial axis")
        }
        guard let total = checkedSum(size, zerosBefore[axis], zerosAfter[axis]) else {
          throw Padding.error("the padded input is too large")
        }
        guard total >= reach else {
          throw GraphError(
            .shapes(
              op: "window", reason: "a window of \(reach) does not fit an axis of \(total)", [Shape(inputSpatial)]))
        }
        before.append(zerosBefore[axis])
        after.append(zerosAfter[axis])
        output.append((total - reach) / strides[axis] + 1)
      } else {
        let positions = size / strides[axis] + (size % strides[axis] == 0 ? 0 : 1)
        // Without positions there is nothing to pad.
        let missing = positions == 0 ? 0 : (positions - 1) * strides[axis] + reach - size
        let front =
          switch self {
          case .sameTheano: reach / 2
          case .samePoolTheano: reach > 2 && reach % 2 == 1 ? reach - 2 : reach - 1
          default: max(missing, 0) / 2
          }
        before.append(front)
        after.append(max(missing - front, 0))
        output.append(positions)
      }
    }
    return (before, after, output)
  }

  /// The number of window positions of each spatial axis, `nil` where the input is unknown.
  func outputSpatial(
    _ input: [Int?], kernel: [Int], strides: [Int], dilations: [Int]
  ) throws(GraphError) -> [Int?] {
    // Attributes are checked even where the input is unknown.
    for axis in kernel.indices { _ = try Padding.reach(kernel[axis], strides[axis], dilations[axis]) }
    var output: [Int?] = []
    for axis in input.indices {
      guard let size = input[axis] else {
        output.append(nil)
        continue
      }
      let one = try alongAxis(axis).resolved(
        inputSpatial: [size], kernel: [kernel[axis]], strides: [strides[axis]], dilations: [dilations[axis]])
      output.append(one.output[0])
    }
    return output
  }

  private func alongAxis(_ axis: Int) throws(GraphError) -> Padding {
    guard case .explicit(let before, let after) = self else { return self }
    guard before.indices.contains(axis), after.indices.contains(axis) else {
      throw Padding.error("padding is not given for each spatial axis")
    }
    return .explicit(before: [before[axis]], after: [after[axis]])
  }

  /// The elements from the first to the last that a dilated window covers.
  private static func reach(_ kernel: Int, _ stride: Int, _ dilation: Int) throws(GraphError) -> Int {
    guard kernel > 0, stride > 0, dilation > 0 else { throw error("kernel, stride and dilation must be positive") }
    guard let span = checkedProduct([kernel - 1, dilation]), span < 1 << 40, stride < 1 << 40 else {
      throw error("the dilated kernel is too large")
    }
    return span + 1
  }

  private static func error(_ reason: String) -> GraphError { GraphError(.unsupported(op: "window", reason: reason)) }
}

/// The sum of non-negative terms, or `nil` on overflow or a negative term.
func checkedSum(_ terms: Int...) -> Int? {
  var total = 0
  for term in terms {
    guard term >= 0 else { return nil }
    let (value, overflow) = total.addingReportingOverflow(term)
    if overflow { return nil }
    total = value
  }
  return total
}
