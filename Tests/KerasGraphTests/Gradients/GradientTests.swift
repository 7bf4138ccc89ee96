import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@Suite struct GradientTests {
  static let cases =
    GradientCase.elementwise + GradientCase.windows + GradientCase.structural + GradientCase.recurrences

  @Test(arguments: cases, [false, true])
  func gradientEqualsFiniteDifference(_ example: GradientCase, shapesUnknownAtFirst: Bool) throws {
    try example.check(declaringUnknownAxes: shapesUnknownAtFirst)
  }

  @Test(arguments: OpKind.allCases)
  func everyOperationHasAGradientTestOrHasNoGradient(_ kind: OpKind) {
    let isTested = Self.cases.contains { OpKind($0.op) == kind }
    #expect(isTested != OpKind.withoutGradient.contains(kind))
  }

  @Test(arguments: UnaryKind.allCases)
  func everyUnaryFunctionHasAGradientTestOrHasNoGradient(_ kind: UnaryKind) {
    let isTested = Self.cases.contains {
      if case .unary(let function) = $0.op { UnaryKind(function) == kind } else { false }
    }
    #expect(isTested != UnaryKind.withoutGradient.contains(kind))
  }

  @Test(arguments: BinaryKind.allCases)
  func everyBinaryFunctionHasAGradientTestOrHasNoGradient(_ kind: BinaryKind) {
    let isTested = Self.cases.contains {
      if case .binary(let function) = $0.op { BinaryKind(function) == kind } else { false }
    }
    #expect(isTested != BinaryKind.withoutGradient.contains(kind))
  }

  @Test(arguments: ReductionKind.allCases)
  func everyReductionHasAGradientTestOrHasNoGradient(_ kind: ReductionKind) {
    let isTested = Self.cases.contains {
      if case .reduce(let reduction, _, _) = $0.op { ReductionKind(reduction) == kind } else { false }
    }
    #expect(isTested != ReductionKind.withoutGradient.contains(kind))
  }
}
