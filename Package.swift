// swift-tools-version: 6.1
import PackageDescription

#if canImport(Glibc)
  import Glibc
#endif

// Debian's shared libhdf5 brings some thirty libraries for files on remote storage along, which would be half of the
// time that a command takes to start. Its archive holds the same library without them.
#if os(Linux)
  let hdf5Archive = ["x86_64", "aarch64"].contains { access("/usr/lib/\($0)-linux-gnu/libhdf5_serial.a", R_OK) == 0 }
#else
  let hdf5Archive = false
#endif
let hdf5Libraries = hdf5Archive ? [":libhdf5_serial.a", ":libsz.a", ":libaec.a", "z"] : ["hdf5"]

// The linker shows a program's functions to its libraries only if it is told to: oneDNN is to find those of COpenMP.
let openMP: [LinkerSetting] = [
  .unsafeFlags(
    [
      "GOMP_parallel", "GOMP_barrier", "omp_get_max_threads", "omp_get_num_threads", "omp_get_thread_num",
      "omp_in_parallel",
    ].flatMap { ["-Xlinker", "--export-dynamic-symbol=\($0)"] }, .when(platforms: [.linux]))
]

let package = Package(
  name: "KerasKit",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "KerasKit", targets: ["KerasKit", "KerasConversion"]),
    .executable(name: "keraskit", targets: ["KerasCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The C border: module maps with inline shims, and the few loops that need run-time dispatch.
    .systemLibrary(name: "CHDF5", pkgConfig: hdf5Archive ? nil : "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels"),
    // A thread pool for programs in which nothing but oneDNN uses OpenMP: the command, not the library.
    .target(name: "COpenMP", dependencies: ["CKernels"]),
    .target(name: "CImages", linkerSettings: [.linkedLibrary("turbojpeg"), .linkedLibrary("png16")]),

    // file → container
    .target(name: "KerasCore", dependencies: [.product(name: "OrderedCollections", package: "swift-collections")]),
    .target(
      name: "HDF5", dependencies: ["CHDF5", "CZlib", "KerasCore"],
      linkerSettings: hdf5Libraries.map { .linkedLibrary($0) }),
    .target(name: "ZipArchive", dependencies: ["CKernels", "CZlib", "KerasCore"]),
    .target(name: "DataFiles", dependencies: ["CImages", "KerasCore", "ZipArchive"]),
    .target(
      name: "TensorBundle",
      dependencies: ["KerasCore", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protocol/tensorflow.proto"]),
    .target(
      name: "KerasFile",
      dependencies: [
        "KerasCore", "HDF5", "ZipArchive", "TensorBundle", "DataFiles", .product(name: "Yams", package: "Yams"),
      ]),

    // Marshalled Python code, as data
    .target(
      name: "PythonCode",
      dependencies: ["KerasCore", .product(name: "OrderedCollections", package: "swift-collections")]),

    // → canonical model → op graph
    .target(name: "KerasGraph", dependencies: ["KerasCore"]),
    .target(name: "KerasModel", dependencies: ["KerasCore", "KerasFile", "KerasGraph", "PythonCode"]),
    .target(
      name: "KerasAudit", dependencies: ["KerasModel", "KerasFile", "HDF5", "ZipArchive", "TensorBundle"]),

    // → engine, training, exporters
    .target(name: "KerasEngine", dependencies: ["KerasGraph", "COneDNN", "CKernels"]),
    .target(
      name: "KerasTraining",
      dependencies: [
        "KerasModel", "KerasEngine", "DataFiles", "ZipArchive", .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "KerasDiagnosis", dependencies: ["KerasModel", "KerasTraining"]),
    .target(name: "KerasExport", dependencies: ["KerasModel", "KerasGraph"]),
    .target(name: "KerasDiff", dependencies: ["KerasModel", "KerasFile", "KerasTraining"]),

    .target(
      name: "KerasKit",
      dependencies: [
        "KerasModel", "KerasAudit", "KerasDiff", "KerasEngine", "KerasTraining", "KerasDiagnosis", "KerasExport",
        "DataFiles", "HDF5",
        "ZipArchive",
      ]),
    // Formats of other programs, each a module; KerasKit itself needs none of them.
    .target(name: "TFLiteExport", dependencies: ["KerasExport", "KerasGraph", "KerasModel", "KerasCore", "KerasFile"]),
    .target(
      name: "ONNXExport",
      dependencies: [
        "KerasExport", "KerasGraph", "KerasModel", "KerasFile", "KerasCore",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protocol/onnx.proto"]),
    // The Swift that written packages consist of travels in the exporter as text; compiled here too, it is tested.
    .target(name: "SwiftPackageRuntime", path: "Sources/SwiftPackageExport/Runtime"),
    .target(
      name: "SwiftPackageExport",
      dependencies: ["KerasExport", "KerasGraph", "KerasModel", "KerasCore", "KerasFile", "SwiftPackageRuntime"],
      sources: ["Emission", "Package", "SwiftPackageExporter.swift"],
      resources: [
        "Runtime/Tensor", "Runtime/PredictionError", "Runtime/Traversal", "Runtime/Tensor+Functions",
        "Runtime/Tensor+Arithmetic", "Runtime/Tensor+Layout", "Runtime/Tensor+Reductions", "Runtime/MatrixProduct",
        "Runtime/Windows", "Runtime/Recurrence", "Runtime/WeightFile", "Command/NumpyFolder",
        "Verification/RecordedCase",
      ].map { .embedInCode("\($0).swift") }),
    .target(
      name: "SavedModelExport",
      dependencies: [
        "KerasExport", "KerasGraph", "KerasModel", "KerasFile", "KerasCore", "TensorBundle",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protocol/saved_model.proto"]),
    .target(
      name: "CoreMLExport",
      dependencies: [
        "KerasExport", "KerasGraph", "KerasModel", "KerasFile", "KerasCore",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protocol/core_ml.proto"]),
    .target(
      name: "KerasConversion",
      dependencies: [
        "KerasKit", "KerasExport", "KerasModel", "KerasFile", "ONNXExport", "TFLiteExport", "SwiftPackageExport",
        "SavedModelExport", "CoreMLExport",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .executableTarget(
      name: "KerasCommand",
      // All that KerasKit re-exports is named, so that a change there rebuilds the command.
      dependencies: [
        "KerasKit", "KerasCore", "KerasFile", "KerasModel", "KerasAudit", "KerasDiff", "KerasEngine", "KerasTraining",
        "KerasDiagnosis", "KerasExport", "KerasConversion", "DataFiles", "COpenMP",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      linkerSettings: openMP),

    .target(name: "ReferenceInterpreter", dependencies: ["KerasGraph"], path: "Tests/ReferenceInterpreter"),
    .target(name: "PackedFixtures", dependencies: ["ZipArchive"], path: "Tests/PackedFixtures"),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(name: "KerasCoreTests", dependencies: ["KerasCore"]),
    .testTarget(
      name: "ContainerTests", dependencies: ["HDF5", "ZipArchive", "DataFiles", "KerasFile", "TensorBundle"]),
    .testTarget(name: "PythonCodeTests", dependencies: ["PythonCode", "KerasCore"]),
    .testTarget(name: "KerasGraphTests", dependencies: ["KerasGraph", "ReferenceInterpreter"]),
    .testTarget(
      name: "KerasModelTests", dependencies: ["KerasModel", "ReferenceInterpreter", "DataFiles", "PackedFixtures"]),
    .testTarget(
      name: "KerasEngineTests", dependencies: ["KerasEngine", "ReferenceInterpreter", "CKernels", "COpenMP"],
      linkerSettings: openMP),
    .testTarget(name: "KerasAuditTests", dependencies: ["KerasAudit", "KerasKit", "PackedFixtures"]),
    .testTarget(
      name: "KerasTrainingTests", dependencies: ["KerasTraining", "KerasKit", "ReferenceInterpreter", "PackedFixtures"]),
    .testTarget(
      name: "KerasDiagnosisTests",
      dependencies: ["KerasDiagnosis", "KerasKit", "KerasEngine", "KerasGraph", "PackedFixtures"]),
    .testTarget(
      name: "KerasExportTests",
      dependencies: ["KerasExport", "KerasKit", "KerasFile", "KerasModel", "PackedFixtures"]),
    .testTarget(
      name: "ONNXExportTests",
      dependencies: [
        "ONNXExport", "KerasExport", "KerasModel", "KerasCore", "DataFiles", "PackedFixtures",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "CoreMLExportTests",
      dependencies: [
        "CoreMLExport", "KerasExport", "KerasModel", "KerasFile", "KerasCore", "PackedFixtures",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "TFLiteExportTests",
      dependencies: ["TFLiteExport", "KerasExport", "KerasFile", "KerasModel", "PackedFixtures"]),
    .testTarget(
      name: "SwiftPackageExportTests",
      dependencies: [
        "SwiftPackageExport", "SwiftPackageRuntime", "KerasExport", "KerasFile", "KerasGraph", "KerasModel",
        "KerasCore",
        "ReferenceInterpreter", "PackedFixtures",
      ]),
    .testTarget(
      name: "SavedModelExportTests",
      dependencies: [
        "SavedModelExport", "KerasExport", "KerasFile", "KerasModel", "KerasCore", "TensorBundle", "PackedFixtures",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "KerasConversionTests",
      dependencies: ["KerasConversion", "KerasKit", "KerasExport", "KerasModel", "KerasCore", "PackedFixtures"]),
    .testTarget(name: "KerasDiffTests", dependencies: ["KerasDiff", "KerasKit", "KerasCore"]),
    .testTarget(
      name: "KerasKitTests",
      dependencies: [
        "KerasKit", "KerasFile", "KerasModel", "KerasTraining", "KerasExport", "HDF5", "ZipArchive",
        "TensorBundle", "DataFiles", "PackedFixtures", "KerasEngine", "AllocationCounter",
      ]),
    .testTarget(name: "CommandTests", dependencies: ["KerasKit", "PackedFixtures"]),
  ],
  swiftLanguageModes: [.v6]
)
