internal import FoundationEssentials
internal import Glibc

/// The template of a driver in one language, as installed beside this program.
struct DriverTemplate {
    private let files: [(path: String, text: String)]
    private let sdk: String

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - language: The template's folder.
    ///   - executable: The path of this program: the templates are in `../share/holdfast` of its folder.
    /// - Throws: ``Failure``.
    init(_ language: String, executable: String) throws(Failure) {
        let share = executable.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
        let root = "\(share)/share/holdfast/templates/\(language)"
        sdk = "\(share)/share/holdfast/sdk"
        do {
            let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
            files = try names.compactMap { name in
                var isFolder = false
                let path = "\(root)/\(name)"
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                    !isFolder
                else { return nil }
                return (name, try String(contentsOfFile: path, encoding: .utf8))
            }
        } catch {
            throw Failure(
                .failure, "template-missing", "cannot read the template \(root)",
                hint: "install Holdfast as a whole: templates and the SDK belong to it")
        }
    }

    /// Makes a project of the template; what fails leaves nothing.
    ///
    /// - Parameters:
    ///   - folder: The new folder; its parent must be there.
    ///   - name: The driver's id.
    /// - Throws: ``Failure``, with exit code 2 when the folder exists.
    func make(_ folder: String, name: String) throws(Failure) {
        let shown = Table.visible(folder)
        // The one step that decides whether the folder is ours to fill, and to take back.
        guard unsafe mkdir(folder, 0o755) == 0 else {
            let reason = errno
            if reason == EEXIST {
                throw Failure(
                    .usage, "folder-exists", "\(shown) exists already; nothing was changed",
                    hint: "choose another folder with --folder")
            }
            throw Failure(
                .usage, "folder-not-made",
                "cannot make the folder \(shown): \(unsafe String(cString: strerror(reason)))",
                hint: "choose another folder with --folder")
        }
        do {
            for file in files { try write(file.text, to: "\(folder)/\(file.path)", name) }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw Failure(.failure, "folder-not-filled", "cannot write into \(shown): \(error)")
        }
    }

    private func write(_ text: String, to path: String, _ name: String) throws {
        let title = name.prefix(1).uppercased() + name.dropFirst()
        let filled = text.replacing("@ID@", with: name).replacing("@NAME@", with: title)
            .replacing("@SDK@", with: sdk)
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try FileManager.default.createDirectory(
            atPath: parent.joined(separator: "/"), withIntermediateDirectories: true)
        try Data(filled.utf8).write(to: URL(filePath: path))
    }
}
