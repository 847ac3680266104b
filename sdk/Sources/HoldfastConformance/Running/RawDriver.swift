internal import CHoldfast
internal import Glibc
internal import HoldfastLoader

/// A driver without the loader between: its entry and its table as they are.
@safe struct RawDriver {
    let entry: holdfast_driver_main_v1_fn

    /// Maps the library and finds its entry; nothing of the driver's own runs but constructors.
    init(_ run: CheckRun) throws(CheckFailure) {
        guard let path = run.inspection.libraryPath, run.inspection.isLoadable else {
            let problem =
                run.inspection.problems.first.map { "\($0.message)" } ?? "it has no library"
            throw CheckFailure("the driver cannot be loaded: \(problem)")
        }
        guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE),
            let symbol = unsafe dlsym(library, "holdfast_driver_main_v1")
        else { throw CheckFailure("the system's loader refuses the driver") }
        unsafe entry = unsafeBitCast(symbol, to: holdfast_driver_main_v1_fn.self)
    }

    /// What a host offers.
    struct Offer {
        var draft = HOLDFAST_DRAFT
        var abiMinor = HOLDFAST_ABI_MINOR
        var behaviour = HOLDFAST_BEHAVIOUR
        var flags: UInt32 = 0
        var padding = 0
    }

    /// Calls the entry.
    ///
    /// - Returns: What it returned, and the table that it gave.
    func call(
        _ offer: Offer = Offer()
    ) -> (status: holdfast_status, table: UnsafePointer<holdfast_driver>?) {
        var table: UnsafePointer<holdfast_driver>?
        let status = unsafe lendText("holdfast-conformance") { name in
            unsafe lendText("1") { version in
                let value = unsafe holdfast_offer(
                    size: 0, flags: offer.flags, abi_minor: offer.abiMinor, draft: offer.draft,
                    behaviour_max: offer.behaviour, reserved: 0, host_name: name,
                    host_version: version)
                return unsafe lend(value, padding: offer.padding) { unsafe entry($0, &table) }
            }
        }
        return unsafe (status, table)
    }

    /// The table for this host's own offer.
    func table() throws(CheckFailure) -> UnsafePointer<holdfast_driver> {
        let answer = unsafe call()
        guard unsafe answer.status == HOLDFAST_OK, let table = unsafe answer.table else {
            throw CheckFailure("the entry answers \(unsafe answer.status) to this host's offer")
        }
        return unsafe table
    }
}
