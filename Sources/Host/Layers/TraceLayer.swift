internal import Tracing

/// Makes a span of every operation and tells the driver of it.
///
/// It is left out of the stack while no tracer is bootstrapped, so that it costs nothing then.
struct TraceLayer: ObservingLayer {
    private struct HeaderInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }
    }

    let base: any StoreOperations
    let store: String
    let driver: String

    /// Whether spans go anywhere.
    static var isWanted: Bool { !(InstrumentationSystem.tracer is NoOpTracer) }

    func observe<R>(
        _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        let name = "holdfast.store.\(operation.rawValue)"
        let result: Result<R, HostError> = withSpan(name, ofKind: .client) { span in
            span.attributes["holdfast.store"] = store
            span.attributes["holdfast.driver"] = driver
            var headers: [String: String] = [:]
            InstrumentationSystem.instrument.inject(
                span.context, into: &headers, using: HeaderInjector())
            do throws(HostError) {
                return .success(try body(call.derived(traceParent: headers["traceparent"])))
            } catch {
                span.attributes["holdfast.outcome"] = error.code.rawValue
                span.setStatus(SpanStatus(code: .error))
                return .failure(error)
            }
        }
        return try result.get()
    }
}
