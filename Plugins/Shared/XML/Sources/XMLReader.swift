internal import CExpat

extension XMLElement {
    /// Reads a whole document.
    ///
    /// Document type declarations are refused, and with them every entity but the five of XML itself: no
    /// object store needs them, and they make small documents large.
    ///
    /// - Parameters:
    ///   - document: The document's bytes.
    ///   - limits: What it may have at most.
    /// - Throws: ``XMLError`` for anything that is no well-formed document within the limits.
    public init(_ document: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) {
        guard document.count <= min(limits.byteCount, Int(Int32.max)) else {
            throw XMLError("the document has more than \(limits.byteCount) bytes")
        }
        let tree = XMLTree(limits)
        try tree.read(document)
        guard let root = tree.root else { throw XMLError("the document has no element") }
        self = root
    }
}

/// The elements that are open while a document is read, the outermost first.
@safe private final class XMLTree {
    private let limits: XMLLimits
    private var open: [XMLElement] = []
    private var elementCount = 0
    private(set) var root: XMLElement?
    /// Why a callback ended the reading.
    private var flaw: String?
    private var parser: XML_Parser?

    init(_ limits: XMLLimits) { self.limits = limits }

    func read(_ document: [UInt8]) throws(XMLError) {
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

    func stop(_ reason: String) {
        guard flaw == nil, let parser = unsafe parser else { return }
        flaw = reason
        unsafe XML_StopParser(parser, XML_Bool(0))
    }

    func start(_ name: String) {
        elementCount += 1
        if open.count >= limits.depth { return stop("more than \(limits.depth) levels") }
        if elementCount > limits.elementCount {
            return stop("more than \(limits.elementCount) elements")
        }
        open.append(XMLElement(name: name))
    }

    func end() {
        // After a stop, libexpat may still close what is open.
        guard flaw == nil, let element = open.popLast() else { return }
        if open.isEmpty {
            root = element
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    func take(_ text: String) {
        guard flaw == nil, !open.isEmpty else { return }
        open[open.count - 1].text += text
    }
}

private func tree(_ context: UnsafeMutableRawPointer?) -> XMLTree? {
    unsafe context.map { unsafe Unmanaged<XMLTree>.fromOpaque($0).takeUnretainedValue() }
}

private func startElement(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<XML_Char>?,
    _: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
) {
    guard let name = unsafe name else { return }
    unsafe tree(context)?.start(String(cString: name))
}

private func endElement(_ context: UnsafeMutableRawPointer?, _: UnsafePointer<XML_Char>?) {
    unsafe tree(context)?.end()
}

private func characters(
    _ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<XML_Char>?, _ count: Int32
) {
    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: Int(count))
    unsafe tree(context)?.take(String(decoding: bytes, as: UTF8.self))
}

private func startDoctype(
    _ context: UnsafeMutableRawPointer?, _: UnsafePointer<XML_Char>?,
    _: UnsafePointer<XML_Char>?, _: UnsafePointer<XML_Char>?, _: Int32
) {
    unsafe tree(context)?.stop("a document type declaration, which is not accepted")
}
