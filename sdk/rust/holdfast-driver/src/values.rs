// SPDX-License-Identifier: Apache-2.0
use crate::error::Error;

/// An object's address. The host has checked it: section 7 of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a> {
    /// A kind of object.
    pub collection: &'a str,
    /// Whose objects these are; empty for the store's own workspace.
    pub workspace: &'a str,
    /// Parts joined by single slashes.
    pub path: &'a str,
}

/// A name and a value that are stored with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// 1 to 64 bytes of `[a-z0-9-]`.
    pub name: String,
    /// Any text.
    pub value: String,
}

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// An opaque token of 1 to 256 bytes, never used again for the object.
    pub version: Vec<u8>,
    /// The object's length.
    pub bytes: u64,
    /// When it was written, in nanoseconds since 1970 UTC; 0 when unknown.
    pub modified_ns: i64,
    /// Those of the put, ascending by name.
    pub attributes: Vec<Attribute>,
}

/// What a write requires of the object as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Nothing.
    None,
    /// No object has the key.
    Absent,
    /// The object exists and has this version.
    Version(&'a [u8]),
}

impl Condition<'_> {
    /// Whether it holds for an object that has the version `current`, or is absent; the error is the
    /// one to answer with. Check in the same step that makes a write visible.
    pub fn check(self, current: Option<&[u8]>) -> Result<(), Error> {
        let message = match (self, current) {
            (Condition::None, _) | (Condition::Absent, None) => return Ok(()),
            (Condition::Version(wanted), Some(version)) if wanted == version => return Ok(()),
            (Condition::Absent, Some(_)) => "the object exists already",
            (Condition::Version(_), Some(_)) => "the object has another version",
            (Condition::Version(_), None) => "the object does not exist",
        };
        Err(Error::condition(message, current))
    }
}

/// The part of an object that a read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first byte; past the end there are no bytes and no error.
    pub offset: u64,
    /// The most bytes to send.
    pub length: u64,
}

impl Range {
    /// The part of an object of `bytes` bytes that the range covers.
    pub fn of(self, bytes: u64) -> std::ops::Range<u64> {
        let start = self.offset.min(bytes);
        start..start + self.length.min(bytes - start)
    }
}

/// What a put writes besides the bytes.
#[derive(Clone, Debug)]
pub struct Put<'a> {
    /// The object's key.
    pub key: Key<'a>,
    /// What must hold.
    pub condition: Condition<'a>,
    /// They replace those of the object; ascending by name.
    pub attributes: Vec<Attribute>,
    /// Whether the bytes hold a random id, so that no other write has the same ones: then a digest of
    /// them is a version. May be ignored.
    pub unique: bool,
}

/// What a listing asks for.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The collection.
    pub collection: &'a str,
    /// The workspace.
    pub workspace: &'a str,
    /// Of the path, byte for byte; may end inside a part.
    pub prefix: &'a str,
    /// Only paths that sort after this one, byte by byte; empty from the start.
    pub start_after: &'a str,
    /// The most entries to send, at least 1.
    pub limit: u32,
    /// Whether entries carry attributes.
    pub attributes: bool,
}

/// A reading of the store's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Names the clock; two readings compare only within one domain.
    pub domain: String,
    /// The time by that clock.
    pub now_ns: i64,
    /// The most that the reading can be off.
    pub uncertainty_ns: i64,
}
