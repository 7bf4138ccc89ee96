import COneDNN

/// An operation bound to its memory: executing it allocates nothing.
final class Primitive {
  private let handle: dnnl_primitive_t
  private let arguments: UnsafeMutablePointer<dnnl_exec_arg_t>
  private var count = 0
  private let capacity: Int
  private let context: DNNLContext
  let implementation: String

  /// Binds the arguments; each memory must stay allocated as long as the primitive.
  init(
    _ descriptor: PrimitiveDescriptor, _ context: DNNLContext,
    _ bindings: [(argument: Int32, descriptor: MemoryDescriptor, memory: UnsafeMutablePointer<Float>)]
  ) throws(EngineError) {
    var handle: dnnl_primitive_t?
    try check(dnnl_primitive_create(&handle, descriptor.handle), "primitive")
    guard let handle else { throw EngineError(.library(operation: "primitive", status: "none made")) }
    self.handle = handle
    self.context = context
    implementation = descriptor.implementation
    capacity = bindings.count + 1
    arguments = .allocate(capacity: capacity)
    for binding in bindings { _ = try bind(binding.argument, binding.descriptor, binding.memory) }
    let scratch = try descriptor.descriptor(dnnl_query_scratchpad_md)
    if scratch.byteCount > 0 {
      let memory = try bind(DNNL_ARG_SCRATCHPAD, scratch, nil)
      try context.registerScratch(memory, bytes: scratch.byteCount)
    }
  }

  private func bind(
    _ argument: Int32, _ descriptor: MemoryDescriptor, _ pointer: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> dnnl_memory_t {
    var memory: dnnl_memory_t?
    var raw = descriptor.raw
    // Without a pointer none is allocated either: the handle is set later.
    try check(dnnl_memory_create(&memory, &raw, context.engine, pointer), "memory")
    guard let memory else { throw EngineError(.library(operation: "memory", status: "none made")) }
    (arguments + count).initialize(to: dnnl_exec_arg_t(arg: argument, memory: memory))
    count += 1
    return memory
  }

  deinit {
    for index in 0..<count { dnnl_memory_destroy(arguments[index].memory) }
    arguments.deallocate()
    dnnl_primitive_destroy(handle)
  }

  func execute() throws(EngineError) {
    try check(dnnl_primitive_execute(handle, context.stream, Int32(count), arguments), implementation)
  }
}
