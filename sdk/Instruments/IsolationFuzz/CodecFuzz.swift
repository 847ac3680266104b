internal import HoldfastIsolation

/// Spoils frames at random, decodes them, encodes again what was accepted, and lets the host's side
/// handle it as an answer.
///
/// A defect is a trap, or a frame that is accepted and means another one.
package struct CodecFuzz {
    /// How many frames were decoded.
    package private(set) var executions = 0
    /// How many of them were accepted.
    package private(set) var accepted = 0
    /// How many of those a call took as an answer.
    package private(set) var handled = 0

    private var source: SampleSource
    private var corpus: [[UInt8]] = []
    private var probe = ReplyProbe()

    /// Starts with a seed.
    package init(seed: UInt64) { source = SampleSource(seed: seed) }

    /// Runs.
    ///
    /// - Parameter count: How many frames to decode.
    /// - Returns: What is wrong, or `nil`.
    package mutating func run(_ count: Int) -> String? {
        for _ in 0..<count {
            if executions % 4096 == 0 { refill() }
            executions += 1
            if let problem = once(mutated(corpus[source.below(corpus.count)])) { return problem }
        }
        return nil
    }

    /// New frames, all of them valid.
    private mutating func refill() {
        corpus = []
        while corpus.count < 128 {
            let message = Message.sample(&source)
            if let frame = try? message.encoded() { corpus.append(frame) }
        }
    }

    private mutating func once(_ frame: [UInt8]) -> String? {
        guard let message = try? Message(decoding: frame) else { return nil }
        accepted += 1
        guard let again = try? message.encoded(), again == frame else {
            return "another frame than the one that was read: \(frame)"
        }
        if probe.take(message) { handled += 1 }
        return nil
    }

    private mutating func mutated(_ frame: [UInt8]) -> [UInt8] {
        var frame = frame
        for _ in 0..<source.below(4) where !frame.isEmpty {
            let place = source.below(frame.count)
            switch source.below(7) {
            case 0: frame[place] ^= 1 << UInt8(source.below(8))
            case 1: frame[place] = UInt8(truncatingIfNeeded: source.next())
            case 2: frame.removeSubrange(place...)
            case 3: frame.insert(UInt8(truncatingIfNeeded: source.next()), at: place)
            case 4: frame.remove(at: place)
            case 5: extreme(&frame, place)
            default: frame.append(contentsOf: corpus[source.below(corpus.count)].prefix(64))
            }
        }
        return frame
    }

    /// Puts a size or count that is far too large, or just too large, somewhere.
    private mutating func extreme(_ frame: inout [UInt8], _ place: Int) {
        let numbers: [UInt32] = [.max, 0x8000_0000, 65_537, 1537, 257, 65]
        let number = numbers[source.below(numbers.count)]
        for index in 0..<4 where place + index < frame.count {
            frame[place + index] = UInt8(truncatingIfNeeded: number >> UInt32(index * 8))
        }
    }
}
