// SPDX-License-Identifier: Apache-2.0
use crate::raw;

/// The class of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    /// No such object; at open, no such store.
    NotFound = -1,
    /// The condition did not hold; nothing changed.
    Condition = -2,
    /// The store's own concurrency control refused.
    Conflict = -3,
    /// The store does not know who is asking.
    Unauthenticated = -4,
    /// The store does not allow it.
    Forbidden = -5,
    /// The store asks to slow down.
    Throttled = -6,
    /// The store cannot be reached now.
    Unavailable = -7,
    /// The call's deadline passed.
    Deadline = -8,
    /// The call was cancelled.
    Cancelled = -9,
    /// An argument or option is wrong.
    Invalid = -10,
    /// This store cannot do it.
    Unsupported = -11,
    /// Over a declared limit.
    TooLarge = -12,
    /// Disk full, quota used up.
    Full = -13,
    /// What is stored is damaged.
    Corrupt = -14,
    /// What is stored was written by a newer driver.
    NewerFormat = -15,
    /// An input or output error.
    Io = -16,
    /// The source failed or ended early; nothing was applied.
    Source = -17,
    /// A defect of the driver.
    Internal = -18,
}

/// Whether a failed write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Applied {
    /// It did not.
    No = 0,
    /// It did.
    Yes = 1,
    /// The driver cannot know; the host reads back.
    Unknown = 2,
}

/// Whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail again.
    Never,
    /// The same call may succeed after at least this many nanoseconds.
    Same(u64),
    /// Only after the store was opened anew.
    Reopen,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class.
    pub kind: Kind,
    /// What failed, on what and why, on one line, without secrets and without an object's bytes.
    pub message: String,
    /// What became of the write.
    pub applied: Applied,
    /// Whether trying again makes sense.
    pub retry: Retry,
    /// The store's own code, or 0.
    pub vendor_code: i64,
    /// The name of that code, or empty.
    pub vendor_name: String,
    /// With [`Kind::Condition`]: the object's version where known.
    pub current_version: Option<Vec<u8>>,
    /// What a sink answered; its consumer knows why.
    pub(crate) from_sink: Option<raw::Status>,
}

impl Error {
    /// An error of a call that changed nothing and will fail again.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            applied: Applied::No,
            retry: Retry::Never,
            vendor_code: 0,
            vendor_name: String::new(),
            current_version: None,
            from_sink: None,
        }
    }

    /// The error of a condition that did not hold.
    pub fn condition(message: impl Into<String>, current_version: Option<&[u8]>) -> Self {
        let mut error = Self::new(Kind::Condition, message);
        error.current_version = current_version.map(<[u8]>::to_vec);
        error
    }

    /// The same error with another account of the write.
    pub fn applied(mut self, applied: Applied) -> Self {
        self.applied = applied;
        self
    }

    /// The same error with another hint.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    pub(crate) fn check_sink(status: raw::Status) -> Result<(), Self> {
        if status == raw::OK {
            return Ok(());
        }
        let mut error = Self::new(Kind::Cancelled, "the consumer ended the call");
        error.from_sink = Some(status);
        Err(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Error {}
