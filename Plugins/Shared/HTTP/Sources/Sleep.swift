internal import Glibc

/// Sleeps without taking part in signals.
func sleepFor(_ nanoseconds: Int64) {
    var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    unsafe nanosleep(&time, nil)
}
