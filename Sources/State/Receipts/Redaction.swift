/// Takes secrets out of a receipt before it is stored, by the names that they stand under.
///
/// Never applied to Terraform states, whose bytes are exact.
package enum Redaction {
    /// What stands in a secret's place.
    package static let mark = "[REDACTED]"

    /// The object without the secrets in it, at any depth.
    package static func redacted(_ object: JSONObject) -> JSONObject {
        object.mapValues { member in
            // There is nothing to hide in null, and its type tells that there is no value.
            isSecret(member.name) && member.value != .null
                ? .string(mark) : redacted(member.value)
        }
    }

    private static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object): .object(redacted(object))
        case .array(let elements): .array(elements.map { redacted($0) })
        default: value
        }
    }

    /// Whether a name looks like that of a secret.
    package static func isSecret(_ name: String) -> Bool {
        let words = words(of: name)
        if words.contains(where: isSecretWord) { return true }
        return zip(words, words.dropFirst()).contains { first, second in
            secretPairs.contains(first + singular(second))
        }
    }

    /// Also the end of a word written without a break, such as `clientsecret`.
    private static let endings = [
        "secret", "token", "password", "passwd", "passphrase", "credential", "apikey",
        "privatekey", "accesskey", "secretkey",
    ]
    /// Only as whole words: `auth` also begins and ends innocent ones.
    private static let wholeWords: Set<String> = ["auth", "authorization", "pwd", "bearer"]
    private static let secretPairs: Set<String> = [
        "apikey", "privatekey", "accesskey", "secretkey", "authkey", "signingkey", "encryptionkey",
    ]

    private static func isSecretWord(_ word: String) -> Bool {
        let word = singular(word)
        return wholeWords.contains(word) || endings.contains { word.hasSuffix($0) }
    }

    private static func singular(_ word: String) -> String {
        word.count > 3 && word.hasSuffix("s") ? String(word.dropLast()) : word
    }

    /// The words of a name in lower case: `dbPassword`, `DB_PASSWORD` and `db-password` have two,
    /// `APIKey` has `api` and `key`.
    static func words(of name: String) -> [String] {
        let characters = Array(name)
        var words: [String] = []
        var word = ""
        for (index, character) in characters.enumerated() {
            guard character.isLetter || character.isNumber else {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            let before = index > 0 ? characters[index - 1] : nil
            let after = index + 1 < characters.count ? characters[index + 1] : nil
            let startsWord =
                character.isUppercase
                && (before?.isLowercase == true || before?.isNumber == true
                    || (before?.isUppercase == true && after?.isLowercase == true
                        && !isPlural(characters, at: index)))
            if startsWord, !word.isEmpty {
                words.append(word)
                word = ""
            }
            word += character.lowercased()
        }
        return word.isEmpty ? words : words + [word]
    }

    /// The last capital of `TOKENs` belongs to the word before.
    private static func isPlural(_ characters: [Character], at index: Int) -> Bool {
        guard index + 1 < characters.count, characters[index + 1] == "s" else { return false }
        guard index + 2 < characters.count else { return true }
        return !characters[index + 2].isLowercase
    }
}
