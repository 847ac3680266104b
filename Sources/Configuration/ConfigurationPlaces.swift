/// Where the files and the project are.
struct ConfigurationPlaces {
    let root: Sourced<String>
    /// The project's file, absolute.
    let projectFile: Sourced<String>
    /// How messages name it.
    private let projectLabel: String
    /// Whether somebody asked for this file, so that it must be there.
    private let isAskedFor: Bool
    let userFile: String?

    init(_ request: ConfigurationRequest) throws(ConfigurationError) {
        let asked = request.given("--config", request.file, variables: ["HOLDFAST_CONFIG"])
        let workspace = request.given(
            "--workspace", request.workspace, variables: ["HOLDFAST_WORKSPACE"])
        let base = workspace.map { FilePath.absolute($0.value, from: request.currentDirectory) }
        if let base, let workspace, !FilePath.isDirectory(base) {
            throw ConfigurationError(
                .missing,
                "the workspace \(printable(workspace.value)) of \(workspace.origin) is no directory"
            )
        }
        isAskedFor = asked != nil
        let name = asked?.value ?? "holdfast.yml"
        let path = FilePath.absolute(name, from: base ?? request.currentDirectory)
        projectFile = Sourced(path, asked?.origin ?? .standard("default"))
        projectLabel = asked == nil && base != nil ? path : printable(name, limit: 4096)
        root = Self.root(base: base, workspace, asked, path)
        userFile = Self.userFile(request)
    }

    private static func root(
        base: String?, _ workspace: Sourced<String>?, _ asked: Sourced<String>?, _ path: String
    ) -> Sourced<String> {
        if let base, let workspace { return Sourced(base, workspace.origin) }
        let reason = asked == nil ? "current directory" : "the configuration file's folder"
        return Sourced(FilePath.directory(of: path), .standard(reason))
    }

    /// A relative `XDG_CONFIG_HOME` is invalid by its specification and is not used.
    private static func userFile(_ request: ConfigurationRequest) -> String? {
        if let folder = request.environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/holdfast/holdfast.yml"
        }
        guard let home = request.environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.config/holdfast/holdfast.yml"
    }

    /// The project's file; `nil` when there is none and nobody asked for one.
    func readProjectFile(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> ConfigurationFile? {
        let file = try ConfigurationFile.read(
            projectFile.value, label: projectLabel, owner: .project, environment: environment)
        guard file == nil, isAskedFor else { return file }
        throw ConfigurationError(
            .missing, "the configuration file \(projectLabel) does not exist",
            advice: "it was asked for by \(projectFile.origin)")
    }

    /// The user's file; `nil` when there is none.
    func readUserFile(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> ConfigurationFile? {
        guard let userFile, userFile != projectFile.value else { return nil }
        return try ConfigurationFile.read(
            userFile, label: userFile, owner: .user, environment: environment)
    }
}
