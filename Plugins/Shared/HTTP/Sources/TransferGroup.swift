internal import CCurl
internal import HoldfastDriver

/// Several transfers on one line.
@safe final class TransferGroup {
    @safe private struct Member {
        let easy: EasyHandle
        let transfer: Transfer
        let completion: Exchange.Completion
    }

    private let line: Line
    private let settings: HTTPSettings
    private let whenBegun: () -> Void
    private var members: [Member] = []
    /// Whether a transfer of this group has had a connection.
    private(set) var hasConnection = false

    init(_ line: Line, _ settings: HTTPSettings, whenBegun: @escaping () -> Void) {
        self.line = line
        self.settings = settings
        self.whenBegun = whenBegun
    }

    /// The transfers on their way.
    var count: Int { members.count }

    private var multi: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(line.multi) }

    /// Starts a transfer.
    func start(_ exchange: Exchange) throws(DriverError) {
        guard let easy = line.takeEasy() else { throw noMemory }
        let transfer = Transfer(
            exchange.request, limit: exchange.limit, exchange.receiver
        ) { [weak self, whenBegun] in
            self?.hasConnection = true
            whenBegun()
        }
        transfer.configure(easy, settings)
        let member = Member(easy: easy, transfer: transfer, completion: exchange.completion)
        guard unsafe curl_multi_add_handle(multi, easy.pointer) == CURLM_OK else {
            line.giveEasy(easy)
            throw DriverError(.internalError, "libcurl refused a transfer")
        }
        members.append(member)
    }

    /// Moves what can be moved, and hands over the answers; whether there is reason to look at once again.
    func step(_ control: some CallControl) throws(DriverError) -> Bool {
        let hadConnection = hasConnection
        var running: Int32 = 0
        guard unsafe curl_multi_perform(multi, &running) == CURLM_OK else {
            throw DriverError(.internalError, "libcurl lost its transfers", applied: .unknown)
        }
        var hasMoved = hasConnection != hadConnection
        var easy: UnsafeMutableRawPointer?
        var result = CURLE_OK
        while unsafe holdfast_curl_finished(multi, &easy, &result) != 0 {
            guard let index = members.firstIndex(where: { unsafe $0.easy.pointer == easy }) else {
                continue
            }
            let member = members.remove(at: index)
            unsafe curl_multi_remove_handle(multi, member.easy.pointer)
            line.giveEasy(member.easy)
            // The next request may go where this one had no connection: it finds out by itself.
            hasMoved = true
            try member.completion(member.transfer.finished(result))
        }
        if control.isOver {
            let isSafe = members.allSatisfy { $0.transfer.appliedNow == .no }
            let server = members.first?.transfer.server ?? "the server"
            throw control.overError("waiting for \(server)", applied: isSafe ? .no : .unknown)
        }
        return hasMoved
    }

    /// Waits until something moves.
    func wait(_ control: some CallControl) { unsafe waitForSockets(multi, control) }

    /// Drops what is on its way.
    func drop() {
        for member in members {
            unsafe curl_multi_remove_handle(multi, member.easy.pointer)
            line.giveEasy(member.easy)
        }
        members = []
    }
}
