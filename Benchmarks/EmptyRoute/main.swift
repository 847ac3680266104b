// A Hummingbird server with one route that does nothing: what the daemon's request rate is
// compared with. It takes its port as the only argument.

internal import Hummingbird

private struct Usage: Error {}

guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
    throw Usage()
}
let router = Router()
router.get("/empty") { _, _ in HTTPResponse.Status.ok }
let application = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await application.runService()
