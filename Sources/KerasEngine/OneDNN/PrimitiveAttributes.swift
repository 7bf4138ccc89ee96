import COneDNN

/// What a primitive does to its result before storing it, and where its scratch memory comes from.
final class PrimitiveAttributes {
  let handle: dnnl_primitive_attr_t

  /// Scratch memory is always the plan's, shared by its primitives.
  init() throws(EngineError) {
    var handle: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&handle), "attributes")
    guard let handle else { throw EngineError(.library(operation: "attributes", status: "none made")) }
    self.handle = handle
    dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user)
  }

  deinit { dnnl_primitive_attr_destroy(handle) }

  func setPostOperations(_ operations: [PostOperation]) throws(EngineError) {
    if operations.isEmpty { return }
    var list: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&list), "post-operations")
    guard let list else { return }
    defer { dnnl_post_ops_destroy(list) }
    for operation in operations {
      switch operation {
      case .sum: try check(dnnl_post_ops_append_sum(list, 1), "post-operation sum")
      case .elementwise(let algorithm, let alpha, let beta):
        try check(dnnl_post_ops_append_eltwise(list, 1, algorithm, alpha, beta), "post-operation")
      }
    }
    try check(dnnl_primitive_attr_set_post_ops(handle, list), "post-operations")
  }
}

enum PostOperation {
  /// Adds what is in the result's memory already.
  case sum
  case elementwise(dnnl_alg_kind_t, alpha: Float, beta: Float)
}
