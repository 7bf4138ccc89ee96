/// The classes of Keras 3's operations and the functions of `keras.ops` they are (keras/src/ops of 3.15.1).
enum OperationNames {
  /// Those whose function is not the class in snake case.
  private static let irregular: [String: String] = [
    "Abs": "absolute", "Fabs": "absolute", "Amax": "max", "Amin": "min", "RGBToGrayscale": "rgb_to_grayscale",
    "RGBToHSV": "rgb_to_hsv", "HSVToRGB": "hsv_to_rgb", "SSIM": "ssim", "PSNR": "psnr", "SVD": "svd", "CDist": "cdist",
    "FFT": "fft", "FFT2": "fft2", "IFFT2": "ifft2", "RFFT": "rfft", "IRFFT": "irfft", "STFT": "stft", "ISTFT": "istft",
    "IsIn": "isin", "SearchSorted": "searchsorted", "BatchNorm": "batch_normalization",
    "LayerNorm": "layer_normalization", "RMSNorm": "rms_normalization", "AllClose": "allclose", "Copy": "identity",
    "TrueDivide": "true_divide", "Conj": "conjugate", "BitwiseNot": "bitwise_invert", "LeftShift": "bitwise_left_shift",
    "RightShift": "bitwise_right_shift", "CTCLoss": "ctc_loss", "CTCDecode": "ctc_decode",
    "DivideNoNan": "divide_no_nan",
    "ConvertToTensor": "array", "Array": "array", "JVP": "jvp", "Fmax": "fmax", "Fmin": "fmin",
  ]

  /// The function's name: `ExpandDims` → `expand_dims`.
  static func function(of className: String) -> String {
    if let name = irregular[className] { return name }
    var name = ""
    for character in className {
      if character.isUppercase, !name.isEmpty { name += "_" }
      name += character.lowercased()
    }
    return name
  }

  /// The call's parameters where constants stand between them in the function.
  static let callParameters: [String: [String]] = [
    "Full": ["fill_value"], "FullLike": ["x", "fill_value"], "Average": ["x", "weights"],
    "BatchNorm": ["x", "mean", "variance", "offset", "scale"], "LayerNorm": ["x", "gamma", "beta"],
    "RMSNorm": ["x", "scale"], "Pad": ["x", "constant_values"], "Isclose": ["x1", "x2", "rtol", "atol"],
    "AffineTransform": ["images", "transform"], "MapCoordinates": ["inputs", "coordinates"],
    "PerspectiveTransform": ["images", "start_points", "end_points"],
    "ScaleAndTranslate": ["images", "output_shape", "scale", "translation"], "SSIM": ["image1", "image2"],
    "Conv": ["inputs", "kernel"], "DepthwiseConv": ["inputs", "kernel"], "ConvTranspose": ["inputs", "kernel"],
  ]

  private static let typed: Set<String> = [
    "Cast", "SaturateCast", "OneHot", "MultiHot", "Full", "FullLike", "OnesLike", "ZerosLike", "EmptyLike", "Arange",
    "Linspace", "Logspace", "Geomspace", "Array", "ConvertToTensor", "Cumsum", "Cumprod", "Prod", "Nancumsum",
    "Nancumprod", "Eye",
  ]

  /// Whether `dtype` is an argument of the function.
  static func choosesType(_ className: String) -> Bool { typed.contains(className) }

  private static let refusals: [String: String] = {
    var table: [String: String] = [:]
    for name in ["Nonzero", "Unique"] { table[name] = "has a result whose size depends on the data" }
    for name in ["Map", "Scan", "AssociativeScan", "WhileLoop", "ForiLoop", "Cond", "VectorizedMap", "JVP", "Switch"] {
      table[name] = "calls Python functions, which are never executed"
    }
    for name in ["Eig", "Eigh", "LuFactor"] {
      table[name] = "gives vectors whose signs and order differ by library"
    }
    for name in ["FFT2", "IFFT2", "Polar", "ViewAsComplex", "ViewAsReal"] {
      table[name] = "computes with complex numbers, which this program does not have"
    }
    for name in ["View", "Nextafter"] { table[name] = "reads the bits of numbers, which the graph does not have" }
    table["CTCDecode"] = "searches paths, which no graph of fixed shapes expresses"
    return table
  }()

  /// Why an operation is refused, as the end of a sentence; `nil` for all others.
  static func refusal(of className: String) -> String? { refusals[className] }
}
