// SPDX-License-Identifier: Apache-2.0
//! `holdfast/driver.h` as Rust sees it. `tests/layout.rs` holds every struct to the header.

use std::ffi::c_void;

/// The major version of the interface.
pub const ABI_MAJOR: u32 = 1;
/// The minor version of the interface.
pub const ABI_MINOR: u32 = 0;
/// The draft that this crate was written for.
pub const DRAFT: u32 = 5;
/// The level of the semantics.
pub const BEHAVIOUR: u32 = 1;

/// The outcome of a call: 0, `STOPPED`, or a negative class.
pub type Status = i32;
/// Success.
pub const OK: Status = 0;
/// Success: a sink asked to stop.
pub const STOPPED: Status = 1;

/// `HOLDFAST_LENGTH_UNKNOWN`.
pub const LENGTH_UNKNOWN: u64 = u64::MAX;
/// `HOLDFAST_PUT_UNIQUE`.
pub const PUT_UNIQUE: u32 = 1;
/// `HOLDFAST_LIST_ATTRIBUTES`.
pub const LIST_ATTRIBUTES: u32 = 1;
/// `HOLDFAST_OPEN_EXISTING`.
pub const OPEN_EXISTING: u32 = 1;
/// `HOLDFAST_OPTION_INTEGER`, the first of the types that are numbers.
pub const OPTION_INTEGER: u32 = 3;
/// `HOLDFAST_OPTION_SIZE`, the last of the types that are numbers.
pub const OPTION_SIZE: u32 = 6;

macro_rules! structs {
    ($($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {
        $($(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $type,)* })*

        /// Each struct with its size, and each field with its offset.
        pub const LAYOUT: &[(&str, usize, &[(&str, usize)])] = &[
            $((stringify!($name), size_of::<$name>(),
               &[$((stringify!($field), std::mem::offset_of!($name, $field)),)*]),)*
        ];
    };
}

structs! {
    /// `holdfast_text`.
    Text { data: *const u8, size: u64, }
    /// `holdfast_key`.
    Key { size: u32, flags: u32, collection: Text, workspace: Text, path: Text, }
    /// `holdfast_attribute`.
    Attribute { size: u32, flags: u32, name: Text, value: Text, }
    /// `holdfast_info`.
    Info {
        size: u32, flags: u32, version: Text, bytes: u64, modified_ns: i64,
        attributes: *const Attribute, attribute_count: u32, attribute_stride: u32,
    }
    /// `holdfast_condition`.
    Condition { size: u32, kind: u32, version: Text, }
    /// `holdfast_call`.
    Call {
        size: u32, flags: u32, id: u64, deadline_ns: i64, attempt: u32, reserved: u32,
        trace_parent: Text, idempotency_key: Text, host_context: *const c_void,
    }
    /// `holdfast_error`.
    Error {
        size: u32, flags: u32, status: Status, applied: u32, retry: u32, change: u32,
        retry_after_ns: u64, vendor_code: i64, vendor_name: Text, message: Text,
        current_version: Text,
    }
    /// `holdfast_sink`.
    Sink {
        size: u32, flags: u32, context: *mut c_void,
        write: unsafe extern "C" fn(*mut c_void, *const u8, u64) -> Status,
    }
    /// `holdfast_source`.
    Source {
        size: u32, flags: u32, context: *mut c_void, length: u64,
        read: unsafe extern "C" fn(*mut c_void, *mut u8, u64, *mut u64) -> Status,
    }
    /// `holdfast_info_sink`.
    InfoSink {
        size: u32, flags: u32, context: *mut c_void,
        info: unsafe extern "C" fn(*mut c_void, *const Info) -> Status,
    }
    /// `holdfast_entry`.
    Entry { size: u32, flags: u32, path: Text, info: *const Info, }
    /// `holdfast_entry_sink`.
    EntrySink {
        size: u32, flags: u32, context: *mut c_void,
        entries: unsafe extern "C" fn(*mut c_void, *const c_void, u32, u32) -> Status,
    }
    /// `holdfast_get`.
    Get { size: u32, flags: u32, key: *const Key, offset: u64, length: u64, }
    /// `holdfast_put`.
    Put {
        size: u32, flags: u32, key: *const Key, condition: *const Condition,
        attributes: *const Attribute, attribute_count: u32, attribute_stride: u32,
    }
    /// `holdfast_remove`.
    Remove { size: u32, flags: u32, key: *const Key, condition: *const Condition, }
    /// `holdfast_list`.
    List {
        size: u32, flags: u32, collection: Text, workspace: Text, prefix: Text,
        start_after: Text, limit: u32, reserved: u32,
    }
    /// `holdfast_clock`.
    Clock { size: u32, flags: u32, domain: Text, now_ns: i64, uncertainty_ns: i64, }
    /// `holdfast_clock_sink`.
    ClockSink {
        size: u32, flags: u32, context: *mut c_void,
        clock: unsafe extern "C" fn(*mut c_void, *const Clock) -> Status,
    }
    /// `holdfast_capability`.
    Capability {
        size: u32, flags: u32, id: Text, level: u32, reserved: u32, limit: u64, note: Text,
    }
    /// `holdfast_capability_sink`.
    CapabilitySink {
        size: u32, flags: u32, context: *mut c_void,
        capability: unsafe extern "C" fn(*mut c_void, *const Capability) -> Status,
    }
    /// `holdfast_option`.
    Option { size: u32, r#type: u32, name: Text, text: Text, number: i64, }
    /// `holdfast_options`.
    Options { size: u32, flags: u32, items: *const c_void, count: u32, stride: u32, }
    /// `holdfast_host`.
    Host {
        size: u32, flags: u32, abi_minor: u32, draft: u32,
        fail: unsafe extern "C" fn(*const Call, *const Error),
        cancelled: unsafe extern "C" fn(*const Call) -> i32,
        event: unsafe extern "C" fn(*const Call, u32, Text),
    }
    /// `holdfast_offer`.
    Offer {
        size: u32, flags: u32, abi_minor: u32, draft: u32, behaviour_max: u32, reserved: u32,
        host_name: Text, host_version: Text,
    }
    /// `holdfast_driver`.
    Driver {
        size: u32, flags: u32, abi_minor: u32, draft: u32, behaviour: u32, thread_model: u32,
        id: Text, version: Text, vendor: Text,
        start: unsafe extern "C" fn(*const Host, *const Call, *mut *mut c_void) -> Status,
        stop: unsafe extern "C" fn(*mut c_void, *const Call) -> Status,
        describe: unsafe extern "C" fn(*mut c_void, *const Call, *const Sink) -> Status,
        extension: std::option::Option<
            unsafe extern "C" fn(*mut c_void, Text) -> *const c_void>,
        open: unsafe extern "C" fn(
            *mut c_void, *const Call, *const Options, *mut *mut c_void) -> Status,
        close: unsafe extern "C" fn(*mut c_void, *const Call) -> Status,
        capabilities: unsafe extern "C" fn(
            *mut c_void, *const Call, *const CapabilitySink) -> Status,
        head: unsafe extern "C" fn(
            *mut c_void, *const Call, *const Key, *const InfoSink) -> Status,
        get: unsafe extern "C" fn(
            *mut c_void, *const Call, *const Get, *const InfoSink, *const Sink) -> Status,
        put: unsafe extern "C" fn(
            *mut c_void, *const Call, *const Put, *const Source, *const InfoSink) -> Status,
        remove: unsafe extern "C" fn(*mut c_void, *const Call, *const Remove) -> Status,
        list: unsafe extern "C" fn(
            *mut c_void, *const Call, *const List, *const EntrySink) -> Status,
        ping: unsafe extern "C" fn(*mut c_void, *const Call, *const ClockSink) -> Status,
    }
    /// `holdfast_note`.
    Note {
        owner_size: u32, descriptor_size: u32, r#type: u32, owner: [u8; 12], abi_major: u32,
        abi_minor: u32, draft: u32, behaviour: u32,
    }
}

/// `holdfast/operations.h` as Rust sees it.
pub mod operations {
    use super::{Call, Sink, Status, Text};
    use std::ffi::c_void;

    /// `HOLDFAST_OPERATIONS_ID`.
    pub const ID: &[u8] = b"holdfast.operations/1";

    structs! {
        /// `holdfast_value`.
        Value { size: u32, r#type: u32, i64: i64, u64: u64, f64: f64, text: Text, }
        /// `holdfast_code`.
        Code {
            signature: Text, hash: u64,
            function: std::option::Option<unsafe extern "C" fn()>,
        }
        /// `holdfast_parameter`.
        Parameter {
            size: u32, flags: u32, name: Text, documentation: Text, r#type: u32,
            choice_count: u32, choices: *const Text, default_value: Text, minimum: Text,
            maximum: Text,
        }
        /// `holdfast_operation`.
        Operation {
            size: u32, traits: u32, id: Text, summary: Text, code: Code,
            parameters: *const c_void, parameter_count: u32, parameter_stride: u32, result: u32,
            reserved: u32, result_schema: Text,
        }
        /// `holdfast_operations`.
        Operations {
            size: u32, flags: u32, items: *const c_void, count: u32, stride: u32,
            invoke: std::option::Option<unsafe extern "C" fn(
                *mut c_void, *const Call, Text, *const c_void, u32, u32, *const Sink) -> Status>,
        }
    }
}

// SAFETY: a driver's table is constant, and its texts are static.
unsafe impl Sync for Driver {}

/// The note that every driver carries; [`crate::driver!`] puts it into the library.
pub const NOTE: Note = Note {
    owner_size: 9,
    descriptor_size: 16,
    r#type: 1,
    owner: *b"Holdfast\0\0\0\0",
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    draft: DRAFT,
    behaviour: BEHAVIOUR,
};

impl Text {
    /// The text of a constant.
    pub const fn of(text: &'static str) -> Self {
        Self { data: text.as_ptr(), size: text.len() as u64 }
    }

    /// Borrows bytes; the caller keeps them alive.
    pub(crate) fn borrow(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), size: bytes.len() as u64 }
    }

    /// The bytes of a text from the host.
    ///
    /// # Safety
    ///
    /// The text comes from the host, and the result is not used after the call returned.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        // SAFETY: the host promises `size` readable bytes.
        unsafe { std::slice::from_raw_parts(self.data, self.size as usize) }
    }
}
