internal import Glibc
internal import IsolationFuzz

/// `holdfast-codec-fuzz [EXECUTIONS [SEED]]`: gives the codec of isolation, and the host's handling of
/// what a driver's process answers, frames that are spoiled at random.
@main enum Main {
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().map { UInt64($0) }
        guard numbers.count <= 2, !numbers.contains(nil) else {
            print("usage: holdfast-codec-fuzz [EXECUTIONS [SEED]]")
            exit(2)
        }
        let count = (numbers.first ?? nil) ?? 10_000_000
        let seed = (numbers.count == 2 ? numbers[1] : nil) ?? UInt64.random(in: 0...1 << 62)
        print("seed \(seed), \(count) executions")
        var fuzz = CodecFuzz(seed: seed)
        var before = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &before)
        let problem = fuzz.run(Int(clamping: count))
        var after = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &after)
        let seconds =
            Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
        print(
            "\(fuzz.executions) executions, \(fuzz.accepted) frames accepted, \(fuzz.handled) handled as answers, "
                + "\(Int(Double(fuzz.executions) / seconds)) per second")
        if let problem {
            print("failed: \(problem)")
            exit(1)
        }
    }
}
