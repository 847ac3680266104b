import SDKTestSupport
import Testing

@testable import HoldfastLoader

/// The header's hashes in C and C++ against the host's own.
@Suite("Hashes of operations") struct OperationHashTests {
    private static let compilers = [
        ["cc", "-std=c11", "-x", "c"], ["c++", "-std=c++11", "-x", "c++"],
        ["clang", "-std=c11", "-x", "c"], ["clang++", "-std=c++17", "-x", "c++"],
    ]

    /// Compiles `hashes.c` with what follows.
    private func compile(_ compiler: [String], _ defines: [String], to output: String) throws {
        try run(
            compiler + ["-Wall", "-Wextra", "-Wpedantic", "-Werror"] + defines
                + ["-I", "\(DriverFixture.sdk)/include"]
                + ["\(DriverFixture.sdk)/Tests/Fixtures/hashes.c", "-o", output])
    }

    @Test("C and C++ make the hashes that the host computes", arguments: compilers)
    func agree(_ compiler: [String]) throws {
        let folder = try DriverFixture(manifest: DriverFixture.goodManifest)
        let (program, output) = ("\(folder.root)/hashes", "\(folder.root)/output")
        try compile(compiler, [], to: program)
        try run(["sh", "-c", "\"$0\" > \"$1\"", program, output])
        let lines = String(decoding: try contents(output), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 8)
        for (index, line) in lines.enumerated() {
            let cells = line.split(separator: " ", omittingEmptySubsequences: false).map(
                String.init)
            let signature = try #require(OperationSignature(cells[0]))
            #expect(cells[1] == "\(signature.hash)", "\(line)")
            #expect(signature.text == cells[0])
            #expect(cells[2] == (index < 4 ? "1" : "0"), "\(line)")
        }
    }

    @Test(
        "a function of another type does not compile", arguments: compilers,
        ["u64", "f64", "bool", "text", "bytes", "i64,i64"])
    func mismatch(_ compiler: [String], _ types: String) throws {
        let folder = try DriverFixture(manifest: DriverFixture.goodManifest)
        try compile(compiler, ["-DWRONG=i64"], to: "\(folder.root)/right")
        #expect(throws: TestFailure.self) {
            // The compiler's messages are not the test's.
            let silent = ["sh", "-c", "exec \"$@\" 2> /dev/null", "sh"]
            try compile(silent + compiler, ["-DWRONG=\(types)"], to: "\(folder.root)/wrong")
        }
    }

    @Test("different signatures have different hashes") func distinct() {
        let types = OperationValueType.allCases
        var seen: [UInt64: String] = [:]
        let pairs = types.flatMap { first in types.map { [first, $0] } }
        for list in [[]] + types.map({ [$0] }) + pairs {
            let signature = OperationSignature(types: list)
            #expect(seen.updateValue(signature.text, forKey: signature.hash) == nil)
        }
        #expect(OperationSignature("i64, text") == nil && OperationSignature("i32") == nil)
        #expect(OperationSignature("")?.argumentCount == 3)
    }
}
