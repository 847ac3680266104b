// SPDX-License-Identifier: Apache-2.0
use crate::error::{Error, Kind};
use crate::raw;
use std::collections::BTreeMap;

/// How much a message matters to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Severity {
    /// For a driver's author.
    Debug = 10,
    /// Worth knowing.
    Notice = 20,
    /// Worth acting on.
    Warning = 30,
}

/// What the host offers outside of calls.
#[derive(Clone, Copy)]
pub struct Host(pub(crate) &'static raw::Host);

// SAFETY: the table is constant, and its functions may be called from any thread.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// Writes a message to the operator's log, without secrets and without an object's bytes.
    pub fn log(&self, severity: Severity, message: &str) {
        // SAFETY: the call may be missing, and the text is borrowed until the function returns.
        unsafe {
            (self.0.event)(std::ptr::null(), severity as u32, raw::Text::borrow(message.as_bytes()))
        }
    }
}

/// The context of one call: its deadline, its cancellation and what it belongs to.
pub struct Call<'a> {
    pub(crate) raw: &'a raw::Call,
    pub(crate) host: Host,
}

impl Call<'_> {
    /// A number that is unique in the process, for messages.
    pub fn id(&self) -> u64 {
        self.raw.id
    }

    /// 1 for the first try, more when the host retries.
    pub fn attempt(&self) -> u32 {
        self.raw.attempt
    }

    /// By `CLOCK_MONOTONIC`, in nanoseconds; `i64::MAX` for none.
    pub fn deadline_ns(&self) -> i64 {
        self.raw.deadline_ns
    }

    /// The same for every attempt of one write; empty for none.
    pub fn idempotency_key(&self) -> &[u8] {
        // SAFETY: the text lives as long as the call, and so does `self`.
        unsafe { self.raw.idempotency_key.bytes() }
    }

    /// The W3C `traceparent`; empty for none.
    pub fn trace_parent(&self) -> &[u8] {
        // SAFETY: as above.
        unsafe { self.raw.trace_parent.bytes() }
    }

    /// Fails when the call was cancelled or its deadline has passed. Cheap: poll it.
    pub fn check(&self) -> Result<(), Error> {
        // SAFETY: the call is in flight.
        if unsafe { (self.host.0.cancelled)(self.raw) } == 0 {
            return Ok(());
        }
        if monotonic_ns() >= self.raw.deadline_ns {
            return Err(Error::new(Kind::Deadline, "the deadline passed"));
        }
        Err(Error::new(Kind::Cancelled, "the call was cancelled"))
    }
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

const CLOCK_MONOTONIC: i32 = 1;

fn monotonic_ns() -> i64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `time` is writable. std::time::Instant does not tell its number.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
    time.seconds * 1_000_000_000 + time.nanoseconds
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a string, secret, path or choice.
    Text(String),
    /// Of an integer, boolean (0 or 1), duration (nanoseconds) or size (bytes).
    Number(i64),
}

/// The options of one store, checked by the host against the description.
#[derive(Clone, Default)]
pub struct Options {
    pub(crate) values: BTreeMap<String, Value>,
    /// Whether only a store that is there may be opened. Then make nothing, and fail with
    /// [`Kind::NotFound`] when there is none.
    pub must_exist: bool,
}

impl Options {
    /// The text of an option, when it was given or has a default.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number of an option, when it was given or has a default.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A boolean, when it was given or has a default.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.number(name).map(|number| number != 0)
    }
}
