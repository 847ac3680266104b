import HoldfastConfiguration
import Testing

/// One line of `Corpus/bad/EXPECTED.tsv`.
struct BadFile: Sendable, CustomTestStringConvertible {
    var name: String
    var place: String
    var code: String
    var message: String
    var advice: String

    var testDescription: String { name }

    static let all: [BadFile] = {
        let table = String(decoding: fixture("Corpus/bad/EXPECTED.tsv") ?? [], as: UTF8.self)
        return table.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return BadFile(
                name: String(fields[0]), place: String(fields[1]), code: String(fields[2]),
                message: String(fields[3]), advice: String(fields[4]))
        }
    }()
}

@Suite("Corpus of configuration files")
struct CorpusTests {
    @Test("A bad file is refused at its place", arguments: BadFile.all)
    func refused(_ bad: BadFile) throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", try #require(fixture("Corpus/bad/\(bad.name)")))
        let error = try #require(failure(project.request(["HOLDFAST_TEST_SET": "1"])))
        #expect("\(error)".hasPrefix("holdfast.yml:\(bad.place): "), "\(error)")
        #expect(error.code.rawValue == bad.code)
        #expect(error.message.contains(bad.message), "\(error)")
        #expect(bad.advice.isEmpty || error.advice.contains(bad.advice), "\(error.advice)")
        #expect(!error.message.contains("\n"))
    }

    @Test("Every bad file has its expectation, and there are enough of them")
    func complete() {
        let named = Set(BadFile.all.map(\.name))
        let found = Set(fixtureNames("Corpus/bad")).subtracting(["EXPECTED.tsv"])
        #expect(named == found)
        #expect(named.count >= 60)
    }

    @Test("A good file is read", arguments: fixtureNames("Corpus/good"))
    func accepted(_ name: String) throws {
        let project = TemporaryProject()
        project.write(name, try #require(fixture("Corpus/good/\(name)")))
        var request = project.request(["HOLDFAST_TEST_SET": "from-environment"])
        request.file = name
        #expect(failure(request) == nil)
    }
}
