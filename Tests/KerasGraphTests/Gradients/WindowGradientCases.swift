import KerasGraph

extension GradientCase {
  static let windows: [GradientCase] = convolutions + pools

  private static let convolutions: [GradientCase] =
    [
      ([5], [3], Convolution(strides: [1], padding: .valid(1), dilations: [1]), 2, 3),
      ([6], [3], Convolution(strides: [2], padding: .same, dilations: [1]), 2, 3),
      ([7], [2], Convolution(strides: [3], padding: .sameTheano, dilations: [1]), 1, 2),
      ([7], [3], Convolution(strides: [1], padding: .same, dilations: [2]), 1, 2),
      ([4], [3], Convolution(strides: [2], padding: .explicit(before: [2], after: [0]), dilations: [1]), 2, 2),
      ([5], [2], Convolution(strides: [1], padding: .same, dilations: [1], groups: 2), 4, 2),
      ([4], [2], Convolution(strides: [1], padding: .valid(1), dilations: [1], groups: 3), 3, 6),
      ([4, 3], [2, 3], Convolution(strides: [1, 1], padding: .same, dilations: [1, 1]), 1, 2),
      ([5, 4], [3, 2], Convolution(strides: [2, 1], padding: .sameTheano, dilations: [1, 1]), 2, 1),
      ([5, 5], [2, 2], Convolution(strides: [1, 2], padding: .valid(2), dilations: [2, 2]), 1, 1),
      ([3, 3], [2, 2], Convolution(strides: [1, 1], padding: .same, dilations: [1, 1], groups: 2), 2, 4),
      ([3, 2, 3], [2, 2, 1], Convolution(strides: [1, 1, 2], padding: .same, dilations: [1, 1, 1]), 1, 2),
    ].flatMap { (spatial: [Int], kernel: [Int], convolution: Convolution, channels: Int, results: Int) in
      let padded = try? convolution.padding.resolved(
        inputSpatial: spatial, kernel: kernel, strides: convolution.strides, dilations: convolution.dilations)
      let x = [2] + spatial + [channels]
      let w = kernel + [channels / convolution.groups, results]
      let y = [2] + (padded?.output ?? []) + [results]
      let all = Set(0...spatial.count)
      return [
        GradientCase(.convolution(convolution), float(x, unknown: all), float(w, seed: 2)),
        GradientCase(
          .convolutionInputGradient(convolution, outputSpatial: spatial), float(y, unknown: [0]), float(w, seed: 2)),
        GradientCase(
          .convolutionInputGradient(convolution, outputSpatial: nil), float(y, unknown: all), float(w, seed: 2),
          float(x, unknown: all, seed: 3), note: "like x"),
        GradientCase(
          .convolutionKernelGradient(convolution, kernelSpatial: kernel), float(x, unknown: [0]),
          float(y, unknown: [0], seed: 2)),
      ]
    }

  private static let pools: [GradientCase] =
    [
      ([6], [2], [2], Padding.valid(1)), ([7], [3], [2], .same), ([7], [3], [2], .samePoolTheano),
      ([6], [4], [3], .samePoolTheano), ([5, 4], [2, 3], [1, 2], .same), ([5, 5], [2, 2], [2, 2], .valid(2)),
    ].flatMap { (spatial: [Int], window: [Int], strides: [Int], padding: Padding) in
      let resolved = try? padding.resolved(
        inputSpatial: spatial, kernel: window, strides: strides, dilations: strides.map { _ in 1 })
      let x = [2] + spatial + [2]
      let y = [2] + (resolved?.output ?? []) + [2]
      let kinds: [Pooling.Kind] = [.maximum, .average(countsPadding: false), .average(countsPadding: true)]
      return kinds.flatMap { kind -> [GradientCase] in
        let pooling = Pooling(kind: kind, window: window, strides: strides, padding: padding)
        let forward = GradientCase(.pool(pooling), float(x, unknown: Set(0...spatial.count)), note: "\(kind)")
        if case .maximum = kind { return [forward] }
        let backward = GradientCase(.poolGradient(pooling), float(x), float(y), float(y, seed: 2), note: "\(kind)")
        return [forward, backward]
      }
    }
}
