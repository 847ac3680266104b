import HoldfastConfiguration
import Testing

@Suite("Bindings to the environment")
struct BindingTests {
    @Test(
        "A binding becomes its variable's value or its default",
        arguments: [
            ("${env:A}", "one"), ("x${env:A}y${env:B}z", "xoneytwoz"),
            ("${env:A}${env:A}", "oneone"),
            ("${env:MISSING,}", ""), ("${env:MISSING,a,b}", "a,b"), ("${env:A,other}", "one"),
            ("${env:EMPTY,other}", ""), ("$", "$"), ("$${env:A}", "$one"),
            ("${RUN_ID}", "${RUN_ID}"),
            ("${env", "${env"), ("$ {env:A}", "$ {env:A}"), ("${env:NESTED}", "${env:A}"),
            ("ü${env:UNICODE}ü", "ü日本ü"),
        ])
    func expansion(_ text: String, _ expected: String) throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "backend:\n  kind: other\n  options:\n    x: \"\(text)\"\n")
        let environment = [
            "A": "one", "B": "two", "EMPTY": "", "NESTED": "${env:A}", "UNICODE": "日本",
        ]
        let configuration = try Configuration.load(project.request(environment))
        #expect(try configuration.store(named: "default").options["x"]?.value == expected)
    }

    @Test("Only blocks of Holdfast's are expanded")
    func otherBlocks() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "functions: {a: '${env:MISSING}'}\nservice: s\n")
        #expect(try Configuration.load(project.request()).service?.value == "s")
    }

    @Test("An unset variable names key, line and variable")
    func unset() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "backend:\n  kind: s3\n  s3Bucket: ${env:MISSING}\n")
        let error = try #require(failure(project.request()))
        #expect(
            "\(error)"
                == "holdfast.yml:3:13: `backend.s3Bucket` needs the environment variable MISSING, "
                + "which is not set")
    }
}
