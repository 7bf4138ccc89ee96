/// Signatures, sizes and limits of the zip format (APPNOTE 6.3.10).
enum ZipFormat {
  static let localHeader: UInt32 = 0x0403_4b50
  static let directoryHeader: UInt32 = 0x0201_4b50
  static let endRecord: UInt32 = 0x0605_4b50
  static let zip64EndRecord: UInt32 = 0x0606_4b50
  static let zip64Locator: UInt32 = 0x0706_4b50

  static let localHeaderSize = 30
  static let directoryHeaderSize = 46
  static let endRecordSize = 22
  static let zip64EndRecordSize = 56
  static let zip64LocatorSize = 20
  static let zip64Extra: UInt16 = 1

  static let stored: UInt16 = 0
  static let deflated: UInt16 = 8
  static let encryptedFlag: UInt16 = 1
  static let utf8Flag: UInt16 = 0x800

  /// Members of an archive that are accepted: a sharded model has a few hundred.
  static let maximumMembers = 100_000
  /// Sizes up to this are accepted without a look at the compressed size.
  static let unquestionedBytes = 64 << 20
  /// Deflate reaches 1032 : 1; more than this is a lie.
  static let maximumExpansion = 1032
}
