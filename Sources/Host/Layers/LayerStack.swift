/// Builds the layers around a store by their names in the configuration.
///
/// A layer that changes bytes (encryption, compression) goes below `retry`, so that an attempt that
/// is repeated is made anew; one that injects faults goes below all, where a driver's would be.
enum LayerStack {
    /// The layers that a store has unless its configuration says otherwise, outermost first.
    static let usual = ["trace", "metrics", "deadline", "retry"]

    /// Wraps `base`.
    ///
    /// - Throws: ``HostError`` with code `invalid` for a name that is no layer's or comes twice.
    static func wrap(
        _ base: any StoreOperations, in names: [String], store: String, driver: String
    ) throws(HostError) -> any StoreOperations {
        var result = base
        var seen: Set<String> = []
        for name in names.reversed() {
            guard seen.insert(name).inserted else {
                throw invalid("the layer \(shown(name)) is given twice")
            }
            result = try wrap(result, in: name, store, driver)
        }
        return result
    }

    private static func wrap(
        _ base: any StoreOperations, in name: String, _ store: String, _ driver: String
    ) throws(HostError) -> any StoreOperations {
        switch name {
        case "trace":
            TraceLayer.isWanted ? TraceLayer(base: base, store: store, driver: driver) : base
        case "metrics": MetricsLayer(base: base, store: store, driver: driver)
        case "deadline": DeadlineLayer(base: base)
        case "retry": RetryLayer(base: base)
        default:
            throw HostError(
                .invalid,
                "there is no layer \(shown(name))" + DidYouMean.hint(for: name, among: usual),
                advice: "the layers are \(usual.joined(separator: ", "))")
        }
    }
}
