import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The library that writes HDF5 (what reads it is our own): one lock around every call, so that builds without thread safety are safe too.
final class HDF5Library: @unchecked Sendable {
  static let shared = HDF5Library()

  /// `H5P_DEFAULT`, `H5S_ALL` and `H5E_DEFAULT`, whose macros lose their type in Swift.
  static let defaults: hid_t = 0

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var count = 0

  private init() {
    // A file that the disk did not take cannot be closed (HDF5 1.10.8), and the library, as the program ends, crashes over
    // such a file. All others are closed by then.
    H5dont_atexit()
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` alone in the library; it must not call `locked` again.
  func locked<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // Thread-safe builds keep this setting per thread: without it they print every error.
    H5Eset_auto2(Self.defaults, nil, nil)
    return try body()
  }

  /// A number not given out before; only to be called inside `locked`.
  func nextNumber() -> Int {
    count += 1
    return count
  }

  /// The library's most specific account of its last failure on this thread.
  static func lastFailure() -> String {
    var message = ""
    withUnsafeMutablePointer(to: &message) { pointer in
      _ = H5Ewalk2(
        defaults, H5E_WALK_UPWARD,
        { _, record, context in
          guard let text = record?.pointee.desc, let context else { return 0 }
          let message = context.assumingMemoryBound(to: String.self)
          // Upwards, the first record is the innermost: it names the missing filter or the bad address.
          if message.pointee.isEmpty { message.pointee = String(cString: text) }
          return 0
        }, pointer)
    }
    H5Eclear2(defaults)
    return message.isEmpty ? "unknown reason" : message
  }
}
