// One `import KerasKit` brings everything a program needs to name: arrays, options, results, findings.
@_exported import DataFiles
@_exported import KerasAudit
@_exported import KerasCore
@_exported import KerasDiagnosis
@_exported import KerasDiff
@_exported import KerasExport
@_exported import KerasFile
@_exported import KerasModel
@_exported import KerasTraining

import KerasEngine

/// Which activity penalty is meant: the one the saving release really added, or the documented one.
public typealias ActivitySemantics = ExportOptions.ActivitySemantics

/// What a training step computes twice to take less memory.
public typealias RecomputationSummary = KerasEngine.RecomputationSummary

/// How predictions hold the factors of products.
public typealias Precision = EngineOptions.Precision
