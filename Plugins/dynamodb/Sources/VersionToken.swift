internal import HoldfastDriver
internal import SharedDatabase

/// A random token as the text of an attribute: a version, an upload's id or a nonce.
func newToken() -> String { String(decoding: randomToken(), as: UTF8.self) }

/// The time in seconds since 1970, by this machine's clock.
///
/// The service refuses signatures that are more than minutes off, so clocks of writers differ by less
/// than the hours that the collector waits.
func unixSeconds() -> Int64 { unixNanoseconds() / 1_000_000_000 }
