/// Every check of this module, in the order in which they run.
///
/// Checks of other modules, such as a history under contention, are appended by the executable.
public enum CheckTable {
    /// All checks, group by group.
    public static let checks: [Check] =
        binary + negotiation + lifecycle + data + condition + list + deadline + error + options
        + secrets + clock + OperationChecks.all + transaction + watch + history
        + robustness

    /// The check that fails for what the driver writes to standard output during any check.
    public static let quiet = Check(
        "lifecycle.quiet", .core, "a driver never writes to standard output or error",
        LifecycleChecks.quiet)

    /// A check by its id, also one that is no demand but asks the driver something.
    public static func find(_ id: String) -> Check? {
        (checks + [Survey.check]).first { $0.id == id }
    }

    private static let binary = [
        Check(
            "binary.manifest", .core,
            "driver.toml and the library are there, and the manifest is valid",
            BinaryChecks.manifest),
        Check(
            "binary.files", .core, "the files belong to root or the user, and only they can write",
            BinaryChecks.files),
        Check(
            "binary.library", .core, "the library is a whole shared library for this machine",
            BinaryChecks.library),
        Check(
            "binary.note", .core,
            "exactly one note says the interface version, as the manifest and this kit do",
            BinaryChecks.note),
        Check(
            "binary.exports", .core, "the library exports holdfast_driver_main_v1 and nothing else",
            BinaryChecks.exports),
        Check(
            "binary.needed", .core, "the library needs no library that the manifest does not name",
            BinaryChecks.needed),
        Check(
            "binary.linking", .core,
            "no executable stack, changed code, search paths, static thread-local memory or late binding",
            BinaryChecks.linking),
    ]

    private static let negotiation = [
        Check(
            "negotiation.loads", .core, "the loader accepts the library and its table",
            NegotiationChecks.loads),
        Check(
            "negotiation.twice", .core, "the entry can be called again and gives the same table",
            NegotiationChecks.twice),
        Check(
            "negotiation.draft-refused", .core,
            "an offer of another draft is refused with HOLDFAST_UNSUPPORTED",
            NegotiationChecks.draftRefused),
        Check(
            "negotiation.larger-offer", .core,
            "an offer of a newer host, longer and with unknown flags, is taken",
            NegotiationChecks.largerOffer),
        Check(
            "negotiation.table", .core, "the table never changes",
            NegotiationChecks.table),
        Check(
            "negotiation.extensions", .core, "an unknown extension is NULL",
            NegotiationChecks.extensions),
        Check(
            "negotiation.larger-structs", .core,
            "longer structs of a newer host work, and arrays are stepped through by their stride",
            NegotiationChecks.largerHost),
        Check(
            "negotiation.borrowed", .core, "nothing that was lent to a call is used after it",
            NegotiationChecks.borrowed),
    ]

    private static let lifecycle = [
        Check(
            "lifecycle.start-stop", .core, "start, one of each call, and stop succeed",
            LifecycleChecks.startStop),
        Check(
            "lifecycle.describe-stable", .core, "describe always writes the same bytes",
            LifecycleChecks.describeStable),
        Check(
            "lifecycle.describe-valid", .core,
            "the descriptor has its schema and agrees with the table and the manifest",
            LifecycleChecks.describeValid),
        Check(
            "lifecycle.capabilities", .core, "each capability is reported once, always the same",
            LifecycleChecks.capabilities),
        Check(
            "lifecycle.descriptors", .core, "opening and closing 200 times leaves no file open",
            seconds: 120, LifecycleChecks.descriptors),
        Check(
            "lifecycle.threads", .core, "opening and closing 200 times leaves no thread",
            seconds: 120, LifecycleChecks.threads),
        Check(
            "lifecycle.memory", .core, "opening and closing 1000 times takes no memory",
            seconds: 120, LifecycleChecks.memory),
        Check(
            "lifecycle.stop-ends-threads", .core, "stop ends the driver's threads",
            LifecycleChecks.stopEndsThreads),
        Check(
            "lifecycle.two-stores", .core,
            "a place can be opened again, here and in other processes, as the driver declares",
            LifecycleChecks.twoStores),
        Check(
            "lifecycle.process-state", .core,
            "working directory, umask, environment, locale and signals stay as they are",
            LifecycleChecks.processState),
        Check("lifecycle.children", .core, "a driver never forks", LifecycleChecks.children),
        quiet,
    ]

    private static let data = [
        Check(
            "data.round-trip", .core, "objects of 0, 1 and 64 KiB ± 1 bytes come back as written",
            DataChecks.roundTrip),
        Check(
            "data.large", .core, "objects of 5 MiB ± 1 bytes come back as written",
            DataChecks.large),
        Check(
            "data.unknown-length", .core,
            "a source that does not say its length is read to its end",
            DataChecks.unknownLength),
        Check(
            "data.small-pieces", .core, "a source may give its bytes in pieces of any size",
            DataChecks.smallPieces),
        Check("data.head", .core, "put, head and get report the same", DataChecks.head),
        Check("data.range", .core, "any part of an object can be read", DataChecks.ranges),
        Check(
            "data.range-past-end", .core, "past the end of an object are no bytes and no error",
            DataChecks.rangesPastEnd),
        Check("data.overwrite", .core, "a put replaces the whole object", DataChecks.overwrite),
        Check(
            "data.absent", .core, "head and get of an absent object are HOLDFAST_NOT_FOUND",
            DataChecks.absent),
        Check("data.remove", .core, "remove takes away one object", DataChecks.remove),
        Check(
            "data.remove-absent", .core,
            "removing an absent object under no condition is HOLDFAST_OK",
            DataChecks.removeAbsent),
        Check(
            "data.too-large", .core, "more bytes than the declared limit are HOLDFAST_TOO_LARGE",
            DataChecks.tooLarge),
        Check(
            "data.limit", .core, "an object may have as many bytes as the declared limit",
            HugeChecks.limit),
        Check(
            "data.huge", .large,
            "an object beyond 4 GiB, or of the declared limit, passes in constant memory",
            seconds: 3600, HugeChecks.huge),
        Check(
            "data.path-printable", .core, "every printable character is itself in a path",
            AddressChecks.printable),
        Check(
            "data.collections", .core, "collections are told apart by every byte",
            AddressChecks.collections),
        Check(
            "data.workspaces", .core, "workspaces of any characters are told apart by every byte",
            AddressChecks.workspaces),
        Check(
            "data.paths", .core, "paths of all allowed characters are objects of their own",
            AddressChecks.characters),
        Check(
            "data.path-case", .core, "upper and lower case are different paths",
            AddressChecks.letterCase),
        Check(
            "data.path-unicode", .core, "composed and decomposed characters are different paths",
            AddressChecks.unicodeForms),
        Check(
            "data.path-nested", .core, "\"a\" and \"a/b\" may both be objects",
            AddressChecks.nested),
        Check(
            "data.path-long", .core, "parts of 200 bytes and paths of 640 bytes are kept whole",
            AddressChecks.long),
        Check(
            "data.separation", .core, "collections and workspaces never share an object",
            AddressChecks.separation),
        Check(
            "data.workspace-long", .core, "workspaces of 512 bytes of any text are kept apart",
            AddressChecks.longWorkspace),
        Check(
            "data.attributes", .core, "the attributes of the put come back, and only those",
            AddressChecks.attributes),
        Check(
            "data.attributes-limit", .core, "attributes of 1536 bytes in all are kept",
            AddressChecks.attributesLimit),
        Check(
            "data.put-whole", .core, "a write is visible only at its end, and as a whole",
            StreamChecks.putWhole),
        Check(
            "data.source-fails", .core, "nothing of a write is visible whose source fails",
            StreamChecks.sourceFails),
        Check(
            "data.source-fails-over", .core,
            "a write whose source fails leaves the object that was there",
            StreamChecks.sourceFailsOver),
        Check(
            "data.source-short", .core, "a source that ends early is HOLDFAST_SOURCE",
            StreamChecks.sourceShort),
        Check(
            "data.source-long", .core, "a source that goes past its length is HOLDFAST_SOURCE",
            StreamChecks.sourceLong),
        Check(
            "data.sink-stops", .core,
            "a sink that has enough ends the call with HOLDFAST_STOPPED, and the store goes on",
            StreamChecks.sinkStops),
        Check(
            "data.sink-fails", .core, "a sink's own error comes out of the call as it is",
            StreamChecks.sinkFails),
    ]

    private static let condition = [
        Check(
            "condition.absent-creates", .cas, "\"absent\" allows a put where there is no object",
            ConditionChecks.absentCreates),
        Check(
            "condition.absent-refused", .cas, "\"absent\" refuses a put where there is an object",
            ConditionChecks.absentRefused),
        Check(
            "condition.version-matches", .cas, "\"version\" allows a put over that version",
            ConditionChecks.versionMatches),
        Check(
            "condition.version-stale", .cas, "\"version\" refuses a put over any other version",
            ConditionChecks.versionStale),
        Check(
            "condition.version-of-absent", .cas,
            "\"version\" refuses a put where there is no object", ConditionChecks.versionOfAbsent),
        Check(
            "condition.checked-at-end", .cas,
            "the condition is checked in the step that makes the object visible",
            ConditionChecks.checkedAtEnd),
        Check(
            "condition.unknown-kind", .core,
            "a condition of an unknown kind is HOLDFAST_UNSUPPORTED",
            ConditionChecks.unknownKind),
        Check(
            "condition.remove-matches", .cas, "\"version\" allows a remove of that version",
            ConditionChecks.removeMatches),
        Check(
            "condition.remove-stale", .cas, "\"version\" refuses a remove of any other version",
            ConditionChecks.removeStale),
        Check(
            "condition.remove-absent", .cas,
            "\"version\" refuses a remove where there is no object", ConditionChecks.removeAbsent),
        Check(
            "condition.new-versions", .cas,
            "every write makes a new version, also of identical bytes", ConditionChecks.newVersions),
        Check(
            "condition.versions-after-remove", .cas,
            "a removed object's versions are never used again",
            ConditionChecks.versionsAfterRemove),
        Check(
            "condition.versions-return", .cas, "an object that was A, B and A again looks changed",
            ConditionChecks.versionsReturn),
        Check(
            "condition.unique-writes", .cas,
            "conditions hold the same for bytes that are said to be unique",
            ConditionChecks.uniqueWrites),
        Check(
            "condition.versions-survive", .cas,
            "versions and attributes survive closing and opening", ConditionChecks.versionsSurvive),
    ]

    private static let list = [
        Check("list.all", .list, "all objects are listed, ascending by byte", ListChecks.all),
        Check(
            "list.empty", .list, "a collection without objects lists none", ListChecks.empty),
        Check(
            "list.prefix", .list, "a prefix is compared byte for byte and may end inside a part",
            ListChecks.prefixes),
        Check(
            "list.start-after", .list, "start_after leaves out itself and what sorts before it",
            ListChecks.startAfter),
        Check("list.limit", .list, "at most as many entries as the limit", ListChecks.limits),
        Check(
            "list.pages", .list, "tiny pages together give every object once",
            ListChecks.pages),
        Check(
            "list.random", .list, "prefix, start_after and limit together agree with a model",
            ListChecks.random),
        Check("list.infos", .list, "entries say what the puts reported", ListChecks.infos),
        Check(
            "list.attributes", .list, "entries carry the attributes of the puts on request",
            ListChecks.attributes),
        Check("list.stops", .list, "a listing can be stopped early", ListChecks.stops),
        Check("list.follows", .list, "listings follow puts and removes", ListChecks.follows),
    ]

    private static let deadline = [
        Check(
            "deadline.put", .core,
            "a put that is over before it begins returns within the grace and tells the truth",
            DeadlineChecks.put),
        Check(
            "deadline.remove", .core,
            "a remove that is over before it begins returns within the grace and tells the truth",
            DeadlineChecks.remove),
        Check(
            "deadline.reads", .core,
            "reads that are over before they begin return within the grace",
            DeadlineChecks.reads),
        Check(
            "deadline.open", .core,
            "an open that is over before it begins returns within the grace",
            DeadlineChecks.open),
        Check(
            "deadline.while-writing", .core,
            "a put that is cancelled in the middle ends within the grace and changes nothing",
            seconds: 200, DeadlineChecks.whileWriting),
        Check(
            "deadline.while-reading", .core,
            "a get that is cancelled while it sends bytes ends within the grace",
            seconds: 120, DeadlineChecks.whileReading),
        Check(
            "deadline.while-listing", .core,
            "a list that is cancelled while it sends entries ends within the grace",
            seconds: 120, DeadlineChecks.whileListing),
    ]

    private static let error = [
        Check(
            "error.report", .core, "fail is called once before a negative status, which it repeats",
            ErrorChecks.report),
        Check(
            "error.reported", .core,
            "fail is called once for what is absent, refused or cancelled as well",
            ErrorChecks.reported),
        Check(
            "error.message", .core, "a message is one line of UTF-8 of at most 4096 bytes",
            ErrorChecks.message),
        Check(
            "error.retry", .core, "what will never succeed is not to be tried again",
            ErrorChecks.retry),
    ]

    private static let options = [
        Check(
            "options.unknown-flags", .core, "unknown flags of open are HOLDFAST_UNSUPPORTED",
            OptionChecks.unknownFlags),
        Check(
            "options.existing", .core,
            "HOLDFAST_OPEN_EXISTING opens a store that is there and makes none",
            OptionChecks.existing),
        Check(
            "options.required", .core, "a required option that is missing is named in the error",
            OptionChecks.required),
        Check(
            "options.unusable-path", .core, "a path that cannot be used is an error, not a crash",
            OptionChecks.unusablePath),
        Check(
            "options.values", .core, "every allowed value of an option works or is an error",
            seconds: 120, OptionChecks.values),
        Check(
            "options.zero-byte", .core, "a zero byte does not end a path",
            OptionChecks.terminators),
    ]

    private static let secrets = [
        Check(
            "secrets.options", .core,
            "a secret appears in no message, descriptor, capability or output",
            SecretChecks.secrets),
        Check(
            "secrets.contents", .core, "what an object holds appears in no message or output",
            SecretChecks.contents),
    ]

    private static let clock = [
        Check(
            "clock.reported", .clock, "ping reports a clock where the capability is reported",
            ClockChecks.reported),
        Check("clock.steady", .clock, "the clock never runs backwards", ClockChecks.steady),
        Check("clock.runs", .clock, "the clock runs, in nanoseconds", ClockChecks.runs),
        Check(
            "clock.shared", .clock, "two stores of one place have one clock", ClockChecks.shared),
        Check(
            "clock.boot", .clock, "\"boot:<boot id>\" is this machine's CLOCK_BOOTTIME",
            ClockChecks.bootClock),
    ]
}
