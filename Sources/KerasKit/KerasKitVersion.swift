/// This program's own release.
public enum KerasKitVersion {
  public static let current = "0.1.0"
}
