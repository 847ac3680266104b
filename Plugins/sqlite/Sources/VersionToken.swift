/// A new version: 128 random bits as digits, never used again and without a trace of the content.
func newVersion() -> String {
    var generator = SystemRandomNumberGenerator()
    return digits(generator.next()) + digits(generator.next())
}

private func digits(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
}
