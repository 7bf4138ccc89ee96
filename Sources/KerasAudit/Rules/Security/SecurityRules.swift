extension AuditRegistry {
  static let security: [any AuditRule] = [
    LambdaCode(), CustomImport(), StoredProgram.tfsmLayer, StoredProgram.torchModule, StoredProgram.jaxLayer,
    StoredProgram.flaxLayer, TensorFlowOperations(), AssetPath(), ShardPath(), Pickles(), UnsafeYAML(), ZipSlip(),
    ZipBomb(),
    AmbiguousArchive(), ExternalHDF5(), HDF5ShapeBomb(), DeepHDF5(), DeepJSON(), RepeatedKeys(), HugeSizes(),
  ]
}
