import CKernels
import COneDNN

/// Throws `EngineError.library` unless oneDNN reports success.
func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(EngineError) {
  if status == dnnl_success { return }
  let name =
    switch status {
    case dnnl_out_of_memory: "out of memory"
    case dnnl_invalid_arguments: "invalid arguments"
    case dnnl_unimplemented: "not implemented"
    case dnnl_runtime_error: "a run-time error"
    default: "status \(status.rawValue)"
    }
  throw EngineError(.library(operation: operation(), status: name))
}

/// oneDNN's engine and stream for one plan, and the scratch memory all its primitives share.
final class DNNLContext {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t
  private var scratchMemories: [dnnl_memory_t] = []
  private var scratchBytes = 0
  private var scratch: FloatBuffer?

  init() throws(EngineError) {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine")
    guard let engine else { throw EngineError(.library(operation: "engine", status: "no engine")) }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw EngineError(.library(operation: "stream", status: "status \(status.rawValue)"))
    }
    self.engine = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }

  /// Notes that a primitive needs `bytes` of scratch while it runs, to be given in `memory`.
  func registerScratch(_ memory: dnnl_memory_t, bytes: Int) throws(EngineError) {
    if bytes > scratchBytes {
      let buffer = try FloatBuffer(count: bytes / 4 + 1)
      scratch = buffer
      scratchBytes = bytes
      for memory in scratchMemories { try check(dnnl_memory_set_data_handle(memory, buffer.pointer), "scratch") }
    }
    if let scratch { try check(dnnl_memory_set_data_handle(memory, scratch.pointer), "scratch") }
    scratchMemories.append(memory)
  }
}
