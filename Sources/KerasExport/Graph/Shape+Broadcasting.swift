import KerasCore

extension Shape {
  /// numpy's broadcasting with a shape that fits; of two sizes one of which is unknown, the known one.
  public func broadcast(_ other: Shape) -> Shape {
    let rank = max(self.rank, other.rank)
    return Shape(
      (0..<rank).map { axis -> Int? in
        let x = axis < rank - self.rank ? 1 : self[axis - (rank - self.rank)]
        let y = axis < rank - other.rank ? 1 : other[axis - (rank - other.rank)]
        return x == 1 ? y : y == 1 ? x : x ?? y
      })
  }
}
