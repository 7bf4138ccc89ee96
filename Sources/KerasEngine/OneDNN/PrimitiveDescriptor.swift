import COneDNN

/// A chosen implementation of an operation.
final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t

  init(
    _ operation: UnsafeRawPointer, _ attributes: PrimitiveAttributes, _ context: DNNLContext, _ name: String,
    hint: PrimitiveDescriptor? = nil
  ) throws(EngineError) {
    var handle: dnnl_primitive_desc_t?
    try check(
      dnnl_primitive_desc_create(&handle, operation, attributes.handle, context.engine, hint?.handle), name)
    guard let handle else { throw EngineError(.library(operation: name, status: "no implementation")) }
    self.handle = handle
  }

  /// The copy of an array into another order.
  init(reorder source: MemoryDescriptor, to target: MemoryDescriptor, _ context: DNNLContext) throws(EngineError) {
    let attributes = try PrimitiveAttributes()
    var handle: dnnl_primitive_desc_t?
    var (from, to) = (source.raw, target.raw)
    try check(
      dnnl_reorder_primitive_desc_create(&handle, &from, context.engine, &to, context.engine, attributes.handle),
      "reorder")
    guard let handle else { throw EngineError(.library(operation: "reorder", status: "no implementation")) }
    self.handle = handle
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  func descriptor(_ what: dnnl_query_t) throws(EngineError) -> MemoryDescriptor {
    guard let raw = dnnl_primitive_desc_query_md(handle, what, 0) else {
      throw EngineError(.library(operation: "query", status: "no memory descriptor"))
    }
    return MemoryDescriptor(raw.pointee)
  }

  /// The implementation as oneDNN calls it, like `jit:avx512_core`.
  var implementation: String {
    var text: UnsafePointer<CChar>?
    guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &text) == dnnl_success, let text else {
      return "unknown"
    }
    return String(cString: text)
  }
}
