internal import CHoldfast

/// Takes what a driver's process answers to one call.
///
/// Nothing that it sends is believed: what the call does not allow is a ``Breach``, and the bytes of
/// the window are copied before anybody looks at them.
@safe struct ReplyHandler {
    /// What follows from a message.
    enum Reaction {
        case none
        case answer(WireAnswer)
        case tell(WireEvent)
        case end(CallEnd)
    }

    var streams = CallStreams()
    private var credit = 0
    private var deliveries = 0
    private var fillings = 1

    /// Whether the process waits for more of the source, and there is more.
    var mayFill: Bool { credit > 0 && streams.isSourceOpen }

    /// Takes one message.
    mutating func take(
        _ message: Message, _ window: Window, _ copy: UnsafeMutableRawBufferPointer
    ) throws(Breach) -> Reaction {
        switch message {
        case .delivery(let delivery):
            try unsafe deliver(delivery.batch, window, copy)
            deliveries += 1
            var answer = WireAnswer()
            answer.status = streams.ending ?? HOLDFAST_OK
            return .answer(answer)
        case .credit(let credit):
            try take(credit)
            return .none
        case .event(let event): return .tell(event)
        case .result(let result):
            try check(result)
            try unsafe deliver(result.batch, window, copy)
            return .end(try finish(result))
        default: throw Breach("sent a message out of place")
        }
    }

    /// A source that is slower than this is not waited for until it has filled a slot: meanwhile nobody
    /// looks at the deadline.
    private static let patience: Int64 = 10_000_000

    /// The next part of the source, and the number of its turn.
    mutating func fill(_ space: UnsafeMutableRawBufferPointer) -> (WireFill, Int) {
        var fill = WireFill()
        unsafe fill.filling = streams.fill(space, within: Self.patience)
        defer { fillings += 1 }
        credit -= 1
        return (fill, fillings)
    }

    private mutating func deliver(
        _ batch: WireBatch, _ window: Window, _ copy: UnsafeMutableRawBufferPointer
    ) throws(Breach) {
        let count = Int(batch.byteCount)
        guard count <= Window.slotBytes else { throw Breach("sent more bytes than a slot has") }
        let place = unsafe UnsafeRawBufferPointer(start: window.slot(deliveries), count: count)
        unsafe copy.copyMemory(from: place)
        try unsafe streams.deliver(batch, UnsafeRawBufferPointer(copy))
    }

    private mutating func take(_ credit: WireCredit) throws(Breach) {
        let slots = self.credit + Int(credit.slots)
        guard unsafe streams.source != nil, slots <= Window.slotCount else {
            throw Breach("asked for more of a source than there are slots")
        }
        self.credit = slots
    }

    private mutating func finish(_ result: WireResult) throws(Breach) -> CallEnd {
        try streams.finish(result)
        if let failure = result.failure { return CallEnd(status: failure.status, failure: failure) }
        return CallEnd(status: streams.ending ?? HOLDFAST_OK, failure: nil)
    }

    /// Whether the parts of a result belong together.
    private func check(_ result: WireResult) throws(Breach) {
        guard (result.outcome == .failed) == (result.failure != nil) else {
            throw Breach("sent a result without its reason")
        }
        switch result.outcome {
        case .done: return
        case .stopped where streams.ending != HOLDFAST_STOPPED:
            throw Breach("says that a sink stopped that did not")
        case .ended where streams.ending == nil:
            throw Breach("says that the caller ended the call")
        case .stopped, .ended: return
        case .failed: break
        }
        guard let failure = result.failure, (-18...(-1)).contains(failure.status),
            failure.applied <= 2, failure.retry <= 2
        else { throw Breach("sent a failure that the interface does not have") }
    }
}
