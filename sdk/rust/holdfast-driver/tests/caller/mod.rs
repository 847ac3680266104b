// SPDX-License-Identifier: Apache-2.0
//! Calls a driver's table as a host does. For tests.
#![allow(dead_code)]

use holdfast_driver::raw::{self, Status};
use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a driver reported of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub status: Status,
    pub applied: u32,
    pub retry: (u32, u64),
    pub message: String,
    pub current: String,
}

thread_local! {
    static REPORTED: RefCell<Option<Failure>> = const { RefCell::new(None) };
}

/// Whether calls are cancelled.
pub static CANCELLED: AtomicBool = AtomicBool::new(false);

fn string(text: raw::Text) -> String {
    if text.size == 0 {
        return String::new();
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.data, text.size as usize) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn text(text: &str) -> raw::Text {
    raw::Text { data: text.as_ptr(), size: text.len() as u64 }
}

unsafe extern "C" fn fail(_call: *const raw::Call, error: *const raw::Error) {
    let error = unsafe { &*error };
    let failure = Failure {
        status: error.status,
        applied: error.applied,
        retry: (error.retry, error.retry_after_ns),
        message: string(error.message),
        current: string(error.current_version),
    };
    REPORTED.with(|reported| *reported.borrow_mut() = Some(failure));
}

unsafe extern "C" fn cancelled(_call: *const raw::Call) -> i32 {
    CANCELLED.load(Ordering::SeqCst).into()
}

unsafe extern "C" fn event(_call: *const raw::Call, _severity: u32, _message: raw::Text) {}

static HOST: raw::Host = raw::Host {
    size: size_of::<raw::Host>() as u32,
    flags: 0,
    abi_minor: raw::ABI_MINOR,
    draft: raw::DRAFT,
    fail,
    cancelled,
    event,
};

fn call() -> raw::Call {
    raw::Call {
        size: size_of::<raw::Call>() as u32,
        flags: 0,
        id: 1,
        deadline_ns: i64::MAX,
        attempt: 1,
        reserved: 0,
        trace_parent: text(""),
        idempotency_key: text(""),
        host_context: null_mut(),
    }
}

/// The outcome: a success's status, or the failure, which must be the returned class.
fn outcome(status: Status) -> Result<Status, Failure> {
    let reported = REPORTED.with(|reported| reported.borrow_mut().take());
    match reported {
        Some(failure) => {
            assert_eq!(failure.status, status);
            Err(failure)
        }
        None => Ok(status),
    }
}

/// An object's information.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    pub version: String,
    pub bytes: u64,
    pub attributes: Vec<(String, String)>,
}

impl Info {
    unsafe fn from(info: *const raw::Info) -> Self {
        let info = unsafe { &*info };
        let attributes = (0..info.attribute_count as usize).map(|index| {
            let attribute = unsafe { &*info.attributes.add(index) };
            (string(attribute.name), string(attribute.value))
        });
        Self { version: string(info.version), bytes: info.bytes, attributes: attributes.collect() }
    }
}

unsafe extern "C" fn on_info(context: *mut c_void, info: *const raw::Info) -> Status {
    unsafe { *context.cast::<Info>() = Info::from(info) };
    raw::OK
}

/// The bytes that came, and what the sink answers after each piece.
struct Bytes(Vec<u8>, Status);

unsafe extern "C" fn on_bytes(context: *mut c_void, bytes: *const u8, count: u64) -> Status {
    let to = unsafe { &mut *context.cast::<Bytes>() };
    to.0.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, count as usize) });
    to.1
}

unsafe extern "C" fn on_entries(
    context: *mut c_void,
    items: *const c_void,
    count: u32,
    stride: u32,
) -> Status {
    let to = unsafe { &mut *context.cast::<Vec<(String, Info)>>() };
    for index in 0..count as usize {
        let entry = unsafe { &*items.byte_add(index * stride as usize).cast::<raw::Entry>() };
        to.push((string(entry.path), unsafe { Info::from(entry.info) }));
    }
    raw::OK
}

/// The rest of the bytes of a source; it fails at its end when the flag is set.
struct Reading<'a>(&'a [u8], bool);

unsafe extern "C" fn on_read(
    context: *mut c_void,
    buffer: *mut u8,
    capacity: u64,
    count: *mut u64,
) -> Status {
    let from = unsafe { &mut *context.cast::<Reading>() };
    if from.0.is_empty() && from.1 {
        return -16;
    }
    // In small pieces, so that a driver has to put them together.
    let size = from.0.len().min(capacity as usize).min(1000);
    unsafe {
        std::ptr::copy_nonoverlapping(from.0.as_ptr(), buffer, size);
        *count = size as u64;
    }
    from.0 = &from.0[size..];
    raw::OK
}

unsafe extern "C" fn on_clock(_context: *mut c_void, _clock: *const raw::Clock) -> Status {
    raw::OK
}

unsafe extern "C" fn on_capability(_context: *mut c_void, _one: *const raw::Capability) -> Status {
    raw::OK
}

/// A started driver.
pub struct Caller {
    table: &'static raw::Driver,
    driver: *mut c_void,
}

/// An open store of it.
pub struct Store {
    table: &'static raw::Driver,
    store: *mut c_void,
}

// SAFETY: drivers may be called from any thread.
unsafe impl Sync for Store {}

impl Caller {
    pub fn start(table: &'static raw::Driver) -> Result<Self, Failure> {
        let mut driver = null_mut();
        outcome(unsafe { (table.start)(&HOST, &call(), &mut driver) })?;
        Ok(Self { table, driver })
    }

    pub fn describe(&self) -> Result<String, Failure> {
        let mut bytes = Bytes(Vec::new(), raw::OK);
        let sink = raw::Sink {
            size: size_of::<raw::Sink>() as u32,
            flags: 0,
            context: (&raw mut bytes).cast(),
            write: on_bytes,
        };
        outcome(unsafe { (self.table.describe)(self.driver, &call(), &sink) })?;
        Ok(String::from_utf8(bytes.0).unwrap())
    }

    pub fn open(&self, flags: u32, given: &[(&str, &str)]) -> Result<Store, Failure> {
        let items: Vec<_> = given
            .iter()
            .map(|(name, value)| raw::Option {
                size: size_of::<raw::Option>() as u32,
                r#type: 1,
                name: text(name),
                text: text(value),
                number: 0,
            })
            .collect();
        let options = raw::Options {
            size: size_of::<raw::Options>() as u32,
            flags,
            items: items.as_ptr().cast(),
            count: items.len() as u32,
            stride: size_of::<raw::Option>() as u32,
        };
        let mut store = null_mut();
        outcome(unsafe { (self.table.open)(self.driver, &call(), &options, &mut store) })?;
        Ok(Store { table: self.table, store })
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        assert!(outcome(unsafe { (self.table.stop)(self.driver, &call()) }).is_ok());
    }
}

/// Condition 0 (none), 1 (absent), 2 (this version) or another.
pub type Condition<'a> = (u32, &'a str);
pub const ANY: Condition = (0, "");
pub const ABSENT: Condition = (1, "");

fn key(path: &str) -> raw::Key {
    raw::Key {
        size: size_of::<raw::Key>() as u32,
        flags: 0,
        collection: text("state"),
        workspace: text("w"),
        path: text(path),
    }
}

fn condition(of: Condition) -> raw::Condition {
    raw::Condition { size: size_of::<raw::Condition>() as u32, kind: of.0, version: text(of.1) }
}

fn info_sink(info: &mut Info) -> raw::InfoSink {
    raw::InfoSink {
        size: size_of::<raw::InfoSink>() as u32,
        flags: 0,
        context: (&raw mut *info).cast(),
        info: on_info,
    }
}

impl Store {
    pub fn head(&self, path: &str) -> Result<Info, Failure> {
        let mut info = Info::default();
        let sink = info_sink(&mut info);
        outcome(unsafe { (self.table.head)(self.store, &call(), &key(path), &sink) })?;
        Ok(info)
    }

    /// The bytes of a range; the sink answers `answer` after each piece, which must come back.
    pub fn get(&self, path: &str, range: (u64, u64), answer: Status) -> Result<Vec<u8>, Failure> {
        let (mut info, mut bytes) = (Info::default(), Bytes(Vec::new(), answer));
        let key = key(path);
        let request = raw::Get {
            size: size_of::<raw::Get>() as u32,
            flags: 0,
            key: &key,
            offset: range.0,
            length: range.1,
        };
        let sink = raw::Sink {
            size: size_of::<raw::Sink>() as u32,
            flags: 0,
            context: (&raw mut bytes).cast(),
            write: on_bytes,
        };
        let info = info_sink(&mut info);
        let status =
            outcome(unsafe { (self.table.get)(self.store, &call(), &request, &info, &sink) })?;
        assert_eq!(status, if bytes.0.is_empty() { raw::OK } else { answer });
        Ok(bytes.0)
    }

    pub fn put(&self, path: &str, when: Condition, bytes: &[u8]) -> Result<Info, Failure> {
        self.put_from(path, when, bytes, bytes.len() as u64, false, &[])
    }

    pub fn put_from(
        &self,
        path: &str,
        when: Condition,
        bytes: &[u8],
        length: u64,
        fails: bool,
        attributes: &[(&str, &str)],
    ) -> Result<Info, Failure> {
        let (key, condition) = (key(path), condition(when));
        let items: Vec<_> = attributes
            .iter()
            .map(|(name, value)| raw::Attribute {
                size: size_of::<raw::Attribute>() as u32,
                flags: 0,
                name: text(name),
                value: text(value),
            })
            .collect();
        let request = raw::Put {
            size: size_of::<raw::Put>() as u32,
            flags: 0,
            key: &key,
            condition: &condition,
            attributes: items.as_ptr(),
            attribute_count: items.len() as u32,
            attribute_stride: size_of::<raw::Attribute>() as u32,
        };
        let (mut reading, mut info) = (Reading(bytes, fails), Info::default());
        let source = raw::Source {
            size: size_of::<raw::Source>() as u32,
            flags: 0,
            context: (&raw mut reading).cast(),
            length,
            read: on_read,
        };
        let sink = info_sink(&mut info);
        outcome(unsafe { (self.table.put)(self.store, &call(), &request, &source, &sink) })?;
        Ok(info)
    }

    pub fn remove(&self, path: &str, when: Condition) -> Result<Status, Failure> {
        let (key, condition) = (key(path), condition(when));
        let request = raw::Remove {
            size: size_of::<raw::Remove>() as u32,
            flags: 0,
            key: &key,
            condition: &condition,
        };
        outcome(unsafe { (self.table.remove)(self.store, &call(), &request) })
    }

    pub fn list(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
        flags: u32,
    ) -> Result<Vec<(String, Info)>, Failure> {
        let mut entries = Vec::new();
        let request = raw::List {
            size: size_of::<raw::List>() as u32,
            flags,
            collection: text("state"),
            workspace: text("w"),
            prefix: text(prefix),
            start_after: text(after),
            limit,
            reserved: 0,
        };
        let sink = raw::EntrySink {
            size: size_of::<raw::EntrySink>() as u32,
            flags: 0,
            context: (&raw mut entries).cast(),
            entries: on_entries,
        };
        outcome(unsafe { (self.table.list)(self.store, &call(), &request, &sink) })?;
        Ok(entries)
    }

    pub fn ping(&self) -> Result<Status, Failure> {
        let sink = raw::ClockSink {
            size: size_of::<raw::ClockSink>() as u32,
            flags: 0,
            context: null_mut(),
            clock: on_clock,
        };
        outcome(unsafe { (self.table.ping)(self.store, &call(), &sink) })
    }

    pub fn capabilities(&self) -> Result<Status, Failure> {
        let sink = raw::CapabilitySink {
            size: size_of::<raw::CapabilitySink>() as u32,
            flags: 0,
            context: null_mut(),
            capability: on_capability,
        };
        outcome(unsafe { (self.table.capabilities)(self.store, &call(), &sink) })
    }

    pub fn close(self) -> Result<Status, Failure> {
        outcome(unsafe { (self.table.close)(self.store, &call()) })
    }
}
