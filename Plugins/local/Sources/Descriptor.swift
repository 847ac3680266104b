internal import CLocal
internal import Glibc

/// An open file or directory, closed when it goes out of scope.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes over an open descriptor.
    init(owning number: Int32) { self.number = number }

    /// Opens a path of the machine.
    init(path: String, flags: Int32) throws(Errno) {
        number = try unsafe checked(local_open(AT_FDCWD, path, flags, 0))
    }

    deinit { _ = Glibc.close(number) }

    /// Opens a name in this directory; a symbolic link is refused with `ELOOP`.
    func open(name: String, flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
        Descriptor(
            owning: try unsafe checked(local_open(number, name, flags | O_NOFOLLOW, mode)))
    }

    /// Opens a path below this directory; a symbolic link anywhere in it is refused with `ELOOP`.
    func open(beneath path: String, flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
        Descriptor(
            owning: try unsafe checked(
                local_open_beneath(number, path, flags | O_NOFOLLOW, mode)))
    }

    /// Makes a file in this directory; the caller closes the descriptor.
    func create(_ name: String) throws(Errno) -> Int32 {
        try unsafe checked(
            local_open(number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600))
    }

    /// Closes this file, which may report a failed write.
    consuming func close() throws(Errno) {
        let number = number
        discard self
        try checked(Glibc.close(number))
    }

    /// Reads up to `count` bytes from an offset into the front of `buffer`.
    ///
    /// - Returns: The number of bytes; 0 at the end.
    func read(into buffer: inout [UInt8], count: Int, at offset: UInt64) throws(Errno) -> Int {
        while true {
            let read = unsafe buffer.withUnsafeMutableBytes { space in
                unsafe pread(number, space.baseAddress, min(count, space.count), off_t(offset))
            }
            if read >= 0 { return read }
            guard errno == EINTR else { throw .last }
        }
    }

    /// The facts of this file, or of a name in this directory.
    func facts(of name: String = "") throws(Errno) -> Facts {
        var facts = local_facts()
        try unsafe checked(local_facts_at(number, name, &facts))
        return Facts(facts)
    }

    /// Waits until this file, or this directory's list of names, is on the disk.
    ///
    /// A failure is final: the kernel may have dropped the pages, so that a second call that
    /// succeeds would prove nothing.
    func synchronize() throws(Errno) { try checked(fsync(number)) }

    /// Makes a directory, for its owner only.
    ///
    /// - Returns: Whether it was missing.
    func makeDirectory(_ name: String) throws(Errno) -> Bool {
        if unsafe mkdirat(number, name, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw .last }
        return false
    }

    /// Takes the advisory lock of this open file without waiting.
    ///
    /// - Returns: Whether nobody else held it.
    func tryLock() throws(Errno) -> Bool {
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .last }
        }
        return true
    }

    /// Gives the lock back at once.
    ///
    /// Closing would do it too, but not while a child of a fork still shares the open file.
    func unlock() { _ = flock(number, LOCK_UN) }

    /// The names in this directory, as bytes: a foreign one need not be UTF-8.
    func names() throws(Errno) -> [(name: [UInt8], type: Int32)] {
        // A copy of its own, because a directory stream closes its descriptor.
        let copy = try unsafe checked(local_open(number, ".", O_RDONLY | O_DIRECTORY, 0))
        guard let stream = unsafe fdopendir(copy) else {
            let failure = Errno.last
            _ = Glibc.close(copy)
            throw failure
        }
        defer { _ = unsafe closedir(stream) }
        var names: [(name: [UInt8], type: Int32)] = []
        errno = 0
        while let entry = unsafe readdir(stream), let text = unsafe local_entry_name(entry) {
            let bytes = unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
            unsafe names.append((Array(bytes), Int32(entry.pointee.d_type)))
            errno = 0
        }
        guard errno == 0 else { throw .last }
        return names
    }
}

/// Passes on the result of a system call, or throws the errno that it set.
@discardableResult
func checked(_ result: Int32) throws(Errno) -> Int32 {
    guard result >= 0 else { throw .last }
    return result
}
