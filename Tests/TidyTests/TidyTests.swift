import Foundation
import Testing

@Suite struct TidyTests {
    private func expectClean(
        _ files: [SourceTree.File], _ rule: (SourceTree.File) -> [Complaint],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(!files.isEmpty, "no files found", sourceLocation: sourceLocation)
        for complaint in files.flatMap(rule) {
            Issue.record("\(complaint)", sourceLocation: sourceLocation)
        }
    }

    @Test func importsKeepToTheTable() { expectClean(SourceTree.swift, forbiddenImports) }

    @Test func filesAreShort() {
        let folders = ["Sources", "Plugins", "sdk", "Tests", "Benchmarks"]
        expectClean(
            SourceTree.files(in: folders, extensions: ["swift", "c", "h", "py"]), tooLong)
    }

    @Test func functionsAreShort() { expectClean(SourceTree.swift, longFunctions) }

    @Test func escapesAreExplained() { expectClean(SourceTree.swift, unexplainedEscapes) }

    @Test func nothingIsLeftOver() {
        expectClean(SourceTree.swift.filter { $0.path.contains("Sources/") }, leftovers)
    }

    @Test func theHeaderIsTagged() throws {
        for name in ["driver", "operations"] {
            let header = try #require(SourceTree.read("sdk/include/holdfast/\(name).h"))
            expectClean([header], untaggedFunctions)
        }
    }

    @Test func everyRuleCatchesABadSample() {
        func sample(_ path: String, _ lines: [String]) -> SourceTree.File {
            SourceTree.File(path: path, lines: lines)
        }
        #expect(
            forbiddenImports(sample("Sources/State/A.swift", ["internal import CHoldfast"])).count
                == 1)
        #expect(
            forbiddenImports(sample("Plugins/local/Sources/A.swift", ["import Foundation"])).count
                == 1)
        #expect(
            forbiddenImports(sample("Sources/Daemon/A.swift", ["import HoldfastLoader"])).count == 1
        )
        #expect(tooLong(sample("a", Array(repeating: "x", count: 502))).count == 1)
        let long = ["func f() {"] + Array(repeating: "    x", count: 71) + ["}"]
        #expect(longFunctions(sample("a", long)).count == 1)
        #expect(unexplainedEscapes(sample("a", ["struct A: @unchecked Sendable {"])).count == 1)
        #expect(leftovers(sample("a", ["// TO" + "DO later"])).count == 1)
        #expect(untaggedFunctions(sample("a", ["", "    int (*f)(void);"])).count == 1)
    }

    @Test func markdownHasOneTitleAndNoDeadLinks() {
        let pages =
            SourceTree.files(
                in: ["docs", "Plugins", "examples", "Benchmarks", "sdk"], extensions: ["md"])
            + ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].compactMap(
                SourceTree.read)
        #expect(pages.count >= 8)
        for page in pages {
            var isCode = false
            var titles = 0
            for line in page.lines {
                if line.hasPrefix("```") { isCode.toggle() }
                if !isCode, line.hasPrefix("# ") { titles += 1 }
                if !isCode { checkLinks(line, of: page.path) }
            }
            #expect(titles == 1, "\(page.path) has \(titles) titles")
        }
    }

    private func checkLinks(_ line: String, of page: String) {
        for match in line.matches(of: /\]\(([^)#]+)(#[^)]*)?\)/) {
            let target = String(match.1)
            guard !target.contains("://") else { continue }
            let folder = SourceTree.root.appending(path: page).deletingLastPathComponent()
            #expect(
                FileManager.default.fileExists(atPath: folder.appending(path: target).path),
                "\(page) links to \(target), which does not exist")
        }
    }
}
