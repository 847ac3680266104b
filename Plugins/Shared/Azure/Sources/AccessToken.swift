/// A token for the Blob service.
package struct AccessToken: Sendable, Equatable {
    /// What is sent.
    let text: String
    /// When it ends, in seconds since 1970 by this machine's clock.
    let endSeconds: Int64
}

extension AccessToken: CustomStringConvertible, CustomReflectable {
    /// Nothing of the token, so that no message can show it by accident.
    package var description: String { "an access token" }

    /// Nothing: a dump must not show it either.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
