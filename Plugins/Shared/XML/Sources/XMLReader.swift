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
        let tree = XMLTree(limits)
        try tree.read(document)
        guard let root = tree.root else { throw XMLError("the document has no element") }
        self = root
    }
}

/// The elements that are open while a document is read, the outermost first.
private final class XMLTree: XMLHandler {
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?

    override func start(_ name: UnsafePointer<XML_Char>) {
        unsafe open.append(XMLElement(name: String(cString: name)))
    }

    override func end() {
        guard let element = open.popLast() else { return }
        if open.isEmpty {
            root = element
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    override func take(_ text: UnsafeRawBufferPointer) {
        if open.isEmpty { return }
        unsafe open[open.count - 1].text += String(decoding: text, as: UTF8.self)
    }
}
