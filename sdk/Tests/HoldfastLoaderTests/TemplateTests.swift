import HoldfastLoader
import SDKTestSupport
import Testing

/// Each template, made into a driver as `holdfast driver new` does, built with one command and loaded.
@Suite("Templates") struct TemplateTests {
    @Test("a driver made from a template is whole", arguments: ["c", "cpp", "rust", "swift"])
    func template(_ language: String) throws {
        let scratch = try Scratch()
        // From where an installation has them, so that one that lacks a file is found.
        let share = "\(scratch.path)/share"
        try run(["\(DriverFixture.sdk)/../scripts/install-sdk", share])
        let project = "\(scratch.path)/project"
        let id = "acme-\(language)"
        try run(["cp", "-r", "\(share)/templates/\(language)", project])
        let values = "s|@ID@|\(id)|g; s|@NAME@|Acme|g; s|@SDK@|\(share)/sdk|g"
        try run(["find", project, "-type", "f", "-exec", "sed", "-i", values, "{}", "+"])
        try run(["make", "--silent", "--directory=\(project)"])
        let driver = try scratch.start("\(project)/build/\(id)", id)
        #expect(driver.inspection.manifest?.language == language)
        let name = OptionValue(name: "name", type: .string, value: .text("loader"))
        let missing = try #require(throws: DriverFailure.self) {
            try driver.open([name], mustExist: true, CallContext())
        }
        #expect(missing.code == .notFound)
        let store = try driver.open([name], CallContext())
        let version = try useStore(store)
        try store.close(CallContext())
        let again = try driver.open([name], mustExist: true, CallContext())
        #expect(try again.head(ExampleCalls.key("a/b"), CallContext()).version == version)
        try again.close(CallContext())
    }
}
