// SPDX-License-Identifier: Apache-2.0
/// How many calls a driver takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ThreadModel {
    /// One call at a time in the whole driver.
    PerDriver = 1000,
    /// One call at a time on each store.
    PerStore = 2000,
    /// Any number of calls at once.
    Parallel = 4000,
}

/// Which workspace a store uses when the operator names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// The place is the workspace: keys carry an empty one.
    Place,
    /// One place serves many workspaces: keys carry the project's.
    Rows,
}

/// What a driver says of itself before any store is open.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// 1 to 32 bytes of `[a-z0-9-]`, starting with a letter; as in `driver.toml`.
    pub id: &'static str,
    /// The driver's semantic version.
    pub version: &'static str,
    /// Who makes it.
    pub vendor: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// How many calls it takes at once.
    pub thread_model: ThreadModel,
    /// Which workspace a store uses.
    pub addressing: Addressing,
    /// The longest time from a deadline to the call's return, in milliseconds.
    pub grace_ms: u32,
    /// The options of a store.
    pub options: &'static [OptionDescription],
    /// What every store can do, at most.
    pub capabilities: &'static [Capability],
}

/// The type of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionType {
    /// Text.
    String,
    /// Text that never appears in a message.
    Secret,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// True or false.
    Boolean,
    /// A duration, handed over in nanoseconds.
    Duration,
    /// A size, handed over in bytes.
    Size,
    /// An absolute path.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One option of a store.
#[derive(Clone, Copy, Debug)]
pub struct OptionDescription {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: OptionType,
    /// What it does.
    pub summary: &'static str,
    /// The default, written as in the configuration file.
    pub default: Option<&'static str>,
    /// Whether it must be given.
    pub required: bool,
}

/// Who does what a capability says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// Nobody: refused as unsupported.
    None = 0,
    /// The driver, correctly.
    Emulated = 10,
    /// The store itself.
    Native = 20,
}

/// Something that a store can do, and how far. The header names the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The capability's id.
    pub id: &'static str,
    /// Who does it.
    pub level: Level,
    /// The limit that the id names; 0 for none.
    pub limit: u64,
    /// A remark for people.
    pub note: &'static str,
}

impl Capability {
    /// A capability of the store itself, without a limit.
    pub const fn native(id: &'static str) -> Self {
        Self { id, level: Level::Native, limit: 0, note: "" }
    }
}

// ---- The descriptor's JSON ----

impl Description {
    /// The document that `describe` writes.
    pub(crate) fn json(&self) -> String {
        let addressing = if self.addressing == Addressing::Place { "place" } else { "rows" };
        let options: Vec<_> = self.options.iter().map(OptionDescription::json).collect();
        let capabilities: Vec<_> = self.capabilities.iter().map(Capability::json).collect();
        format!(
            "{{\"format\":1,\"id\":{},\"version\":{},\"vendor\":{},\"summary\":{},\
             \"addressing\":\"{addressing}\",\"grace_ms\":{},\"options\":[{}],\
             \"capabilities\":[{}]}}",
            quoted(self.id),
            quoted(self.version),
            quoted(self.vendor),
            quoted(self.summary),
            self.grace_ms,
            options.join(","),
            capabilities.join(",")
        )
    }
}

impl OptionDescription {
    fn json(&self) -> String {
        let (word, more) = match self.kind {
            OptionType::String => ("string", String::new()),
            OptionType::Secret => ("secret", String::new()),
            OptionType::Integer(least, most) => {
                ("integer", format!(",\"minimum\":{least},\"maximum\":{most}"))
            }
            OptionType::Boolean => ("boolean", String::new()),
            OptionType::Duration => ("duration", String::new()),
            OptionType::Size => ("size", String::new()),
            OptionType::Path => ("path", String::new()),
            OptionType::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
                ("choice", format!(",\"choices\":[{}]", words.join(",")))
            }
        };
        let default = self.default.map(|text| format!(",\"default\":{}", quoted(text)));
        format!(
            "{{\"name\":{},\"type\":\"{word}\",\"summary\":{},\"required\":{}{}{more}}}",
            quoted(self.name),
            quoted(self.summary),
            self.required,
            default.unwrap_or_default()
        )
    }
}

impl Capability {
    fn json(&self) -> String {
        format!(
            "{{\"id\":{},\"level\":{},\"limit\":{},\"note\":{}}}",
            quoted(self.id),
            self.level as u32,
            self.limit,
            quoted(self.note)
        )
    }
}

fn quoted(text: &str) -> String {
    let mut result = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => result.push_str(&format!("\\u{:04x}", character as u32)),
            _ => result.push(character),
        }
    }
    result + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_is_json() {
        const DESCRIPTION: Description = Description {
            id: "x",
            version: "1.0.0",
            vendor: "A \"B\" \\ C\n",
            summary: "ü",
            thread_model: ThreadModel::Parallel,
            addressing: Addressing::Place,
            grace_ms: 5,
            options: &[
                OptionDescription {
                    name: "n",
                    kind: OptionType::Integer(-1, 9),
                    summary: "s",
                    default: Some("3"),
                    required: false,
                },
                OptionDescription {
                    name: "c",
                    kind: OptionType::Choice(&["a", "b"]),
                    summary: "s",
                    default: None,
                    required: true,
                },
            ],
            capabilities: &[Capability::native("range")],
        };
        assert_eq!(
            DESCRIPTION.json(),
            r#"{"format":1,"id":"x","version":"1.0.0","vendor":"A \"B\" \\ C\u000a","summary":"ü","addressing":"place","grace_ms":5,"options":[{"name":"n","type":"integer","summary":"s","required":false,"default":"3","minimum":-1,"maximum":9},{"name":"c","type":"choice","summary":"s","required":true,"choices":["a","b"]}],"capabilities":[{"id":"range","level":20,"limit":0,"note":""}]}"#
        );
    }
}
