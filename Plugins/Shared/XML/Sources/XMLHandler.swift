internal import CExpat

/// What is done with the parts of a document while it is read.
@safe class XMLHandler {
    private let limits: XMLLimits
    private var depth = 0
    private var elementCount = 0
    /// Why a callback ended the reading.
    private var flaw: String?
    private var parser: XML_Parser?

    init(_ limits: XMLLimits) { self.limits = limits }

    /// An element begins.
    func start(_: UnsafePointer<XML_Char>) {}

    /// An element ends.
    func end() {}

    /// Character data, in any number of pieces.
    func take(_: UnsafeRawBufferPointer) {}

    /// Reads a whole document.
    final func read(_ document: [UInt8]) throws(XMLError) {
        guard document.count <= min(limits.byteCount, Int(Int32.max)) else {
            throw XMLError("the document has more than \(limits.byteCount) bytes")
        }
        guard let parser = unsafe XML_ParserCreate(nil) else { throw XMLError("no memory") }
        unsafe self.parser = parser
        defer { unsafe XML_ParserFree(parser) }
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        unsafe XML_SetElementHandler(parser, startElement, endElement)
        unsafe XML_SetCharacterDataHandler(parser, characters)
        unsafe XML_SetStartDoctypeDeclHandler(parser, startDoctype)
        let status = unsafe document.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe XML_Parse(parser, start, Int32(bytes.count), 1)
        }
        if let flaw { throw XMLError(flaw) }
        guard status == XML_STATUS_OK else {
            let reason = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map {
                unsafe String(cString: $0)
            }
            let line = unsafe XML_GetCurrentLineNumber(parser)
            throw XMLError("line \(line): \(reason ?? "no well-formed XML")")
        }
    }

    fileprivate final func stop(_ reason: String) {
        guard flaw == nil, let parser = unsafe parser else { return }
        flaw = reason
        unsafe XML_StopParser(parser, XML_Bool(0))
    }

    fileprivate final func began(_ name: UnsafePointer<XML_Char>) {
        elementCount += 1
        depth += 1
        if depth > limits.depth { return stop("more than \(limits.depth) levels") }
        if elementCount > limits.elementCount {
            return stop("more than \(limits.elementCount) elements")
        }
        if flaw == nil { unsafe start(name) }
    }

    fileprivate final func ended() {
        depth -= 1
        // After a stop, libexpat may still close what is open.
        if flaw == nil { end() }
    }

    fileprivate final func took(_ text: UnsafeRawBufferPointer) {
        if flaw == nil { unsafe take(text) }
    }
}

private func handler(_ context: UnsafeMutableRawPointer?) -> XMLHandler? {
    unsafe context.map { unsafe Unmanaged<XMLHandler>.fromOpaque($0).takeUnretainedValue() }
}

private func startElement(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<XML_Char>?,
    _: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
) {
    guard let name = unsafe name else { return }
    unsafe handler(context)?.began(name)
}

private func endElement(_ context: UnsafeMutableRawPointer?, _: UnsafePointer<XML_Char>?) {
    unsafe handler(context)?.ended()
}

private func characters(
    _ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<XML_Char>?, _ count: Int32
) {
    unsafe handler(context)?.took(UnsafeRawBufferPointer(start: text, count: Int(count)))
}

private func startDoctype(
    _ context: UnsafeMutableRawPointer?, _: UnsafePointer<XML_Char>?,
    _: UnsafePointer<XML_Char>?, _: UnsafePointer<XML_Char>?, _: Int32
) {
    unsafe handler(context)?.stop("a document type declaration, which is not accepted")
}
