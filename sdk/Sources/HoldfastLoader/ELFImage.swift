/// What the headers of a shared library say, read without running any of it.
///
/// The reader trusts no size and no offset: any bytes give either an image or an error. It goes by
/// the program headers and the dynamic section, because those are what the system's loader obeys;
/// section headers may be missing or lie.
public struct ELFImage: Sendable, Hashable {
    /// The interface note that a driver carries.
    public struct Note: Sendable, Hashable {
        /// The interface version.
        public var abiMajor: UInt32
        /// The interface's revision.
        public var abiMinor: UInt32
        /// The number of the interface's draft.
        public var draft: UInt32
        /// The level of the interface's meaning.
        public var behaviour: UInt32

        /// Makes a note.
        public init(abiMajor: UInt32, abiMinor: UInt32, draft: UInt32, behaviour: UInt32) {
            self.abiMajor = abiMajor
            self.abiMinor = abiMinor
            self.draft = draft
            self.behaviour = behaviour
        }
    }

    /// A symbol that others can see.
    public struct Export: Sendable, Hashable {
        /// The symbol's name.
        public var name: String
        /// Its address, before the library is moved to where it is loaded.
        public var address: UInt64
        /// Whether it is a function.
        public var isFunction: Bool
    }

    /// A part of the library that is mapped into memory.
    public struct Segment: Sendable, Hashable {
        /// Its addresses, before the library is moved.
        public var addresses: Range<UInt64>
        /// Whether its bytes can be run.
        public var isExecutable: Bool
        /// Where its first byte lies in the file.
        var offset: UInt64
        /// How many of its bytes come from the file; the rest is zero.
        var fileCount: UInt64
    }

    /// The machine that it is made for, such as `x86_64`.
    public internal(set) var machine: String
    /// Its mapped parts.
    public internal(set) var segments: [Segment] = []
    /// All interface notes; a driver has exactly one.
    public internal(set) var notes: [Note] = []
    /// All symbols that others can see, without those that linkers add by themselves.
    public internal(set) var exports: [Export] = []
    /// The libraries that it needs.
    public internal(set) var needed: [String] = []
    /// The versions of their symbols that it needs, such as `GLIBC_2.34`.
    public internal(set) var neededVersions: [String] = []
    /// Its own name for the system's loader.
    public internal(set) var soname: String?
    /// Folders to search for libraries, in the old form.
    public internal(set) var rpath: [String] = []
    /// Folders to search for libraries.
    public internal(set) var runpath: [String] = []
    /// Whether its code has to be changed while it is loaded.
    public internal(set) var hasTextRelocations = false
    /// Whether it makes the whole process's stacks executable.
    public internal(set) var hasExecutableStack = true
    /// Whether it needs thread-local memory that is only sure to exist at a process's start.
    public internal(set) var hasStaticThreadLocals = false
    /// Whether it stands in for, or is filtered by, another library.
    public internal(set) var isFilter = false
    /// Whether what the system's loader fills in can be written no more once that is done.
    public internal(set) var hasReadOnlyRelocations = false
    /// Whether all its functions are looked up when it is loaded, and not at their first calls.
    public internal(set) var isBoundAtLoad = false
    /// Whether it is a program.
    public internal(set) var isProgram = false

    /// Reads the headers of a library that is in memory.
    ///
    /// - Parameters:
    ///   - bytes: The library.
    ///   - path: Its path, for errors.
    /// - Throws: ``LoaderError`` with code `malformed` or `machine`.
    public init(_ bytes: [UInt8], path: String) throws(LoaderError) {
        self = try ELFImage(FileBytes(bytes), path: path)
    }

    init(machine: String) { self.machine = machine }

    init(_ bytes: FileBytes, path: String) throws(LoaderError) {
        do throws(ELFDefect) {
            self = try ELFReader(bytes).read()
        } catch {
            throw LoaderError(
                error.isMachine ? .machine : .malformed, path, error.text,
                do: "install the driver that is made for this machine")
        }
    }

    /// The only machine that this process can load.
    static var ownMachine: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }
}

/// What is wrong with a file that should be a library.
struct ELFDefect: Error {
    var text: String
    var isMachine = false

    init(_ text: String, isMachine: Bool = false) {
        self.text = text
        self.isMachine = isMachine
    }
}
