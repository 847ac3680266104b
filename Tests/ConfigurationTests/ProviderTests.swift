import HoldfastConfiguration
import Host
import Testing

@Suite("The provider block of another program")
struct ProviderTests {
    private func region(
        _ text: String, _ environment: [String: String] = [:], file: String = "holdfast.yml"
    ) throws -> String? {
        let project = TemporaryProject()
        project.write(file, text)
        var request = project.request(environment)
        request.file = file
        let store = try Configuration.load(request).store(named: "default")
        return store.specification.projectValues["region"]?.value
    }

    @Test("Its region reaches every store", arguments: ["holdfast.yml", "runfabric.yml"])
    func reaches(_ file: String) throws {
        let text = "provider:\n  name: aws-lambda\n  region: eu-west-1\nbackend: {kind: dynamodb}\n"
        #expect(try region(text, file: file) == "eu-west-1")
    }

    @Test("It may be bound to the environment")
    func bound() throws {
        let text = "provider: {region: '${env:PLACE,eu-north-1}'}\n"
        #expect(try region(text, ["PLACE": "us-east-2"]) == "us-east-2")
        #expect(try region(text) == "eu-north-1")
    }

    @Test(
        "What cannot be read of it is no error",
        arguments: [
            "provider: aws\n", "provider: [a]\n", "provider:\n", "provider: {region: [a]}\n",
            "provider: {region: }\n", "provider: {region: ''}\n", "provider: {name: aws}\n",
            "provider: {region: '${env:MISSING}'}\n", "provider: {region: '${env:'}\n",
        ])
    func unreadable(_ text: String) throws {
        #expect(try region(text) == nil)
    }

    @Test("The user's own file says nothing about the project's provider")
    func userFile() throws {
        let project = TemporaryProject()
        project.write("config/holdfast/holdfast.yml", "provider: {region: eu-west-1}\n")
        let request = project.request(["XDG_CONFIG_HOME": project.root + "/config"])
        #expect(try Configuration.load(request).region == nil)
    }
}
