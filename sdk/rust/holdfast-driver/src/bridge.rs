// SPDX-License-Identifier: Apache-2.0
//! The functions of the table: from C to the traits, and back with outcomes.

use crate::call::{Call, Host, Options, Value};
use crate::error::{Applied, Error, Kind, Retry};
use crate::operations;
use crate::raw::{self, Status};
use crate::streams::{self, ByteSink, EntrySink, ObjectSink, Source};
use crate::values::{Attribute, Condition, Key, List, Put, Range};
use crate::{Driver, Store};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Set by `start`, before anything else is called.
static HOST: AtomicPtr<raw::Host> = AtomicPtr::new(std::ptr::null_mut());

fn host() -> Option<Host> {
    // SAFETY: the host's table stays valid for the life of the process.
    unsafe { HOST.load(Ordering::Acquire).as_ref() }.map(Host)
}

/// The table of a driver.
pub const fn table<D: Driver>() -> raw::Driver {
    raw::Driver {
        size: size_of::<raw::Driver>() as u32,
        flags: 0,
        abi_minor: raw::ABI_MINOR,
        draft: raw::DRAFT,
        behaviour: raw::BEHAVIOUR,
        thread_model: D::DESCRIPTION.thread_model as u32,
        id: raw::Text::of(D::DESCRIPTION.id),
        version: raw::Text::of(D::DESCRIPTION.version),
        vendor: raw::Text::of(D::DESCRIPTION.vendor),
        start: start::<D>,
        stop: stop::<D>,
        describe: describe::<D>,
        extension: Some(extension::<D>),
        open: open::<D>,
        close: close::<D::Store>,
        capabilities: capabilities::<D::Store>,
        head: head::<D::Store>,
        get: get::<D::Store>,
        put: put::<D::Store>,
        remove: remove::<D::Store>,
        list: list::<D::Store>,
        ping: ping::<D::Store>,
    }
}

/// What [`crate::driver!`] calls from the exported symbol.
///
/// # Safety
///
/// For a host only, with the pointers that the interface asks for.
pub unsafe fn main_v1(
    offer: *const raw::Offer,
    driver: *mut *const raw::Driver,
    table: &'static raw::Driver,
) -> Status {
    // SAFETY: the host's promise.
    unsafe {
        if (*offer).draft != raw::DRAFT {
            return Kind::Unsupported as Status;
        }
        *driver = table;
    }
    raw::OK
}

// ---- Outcomes ----

/// Runs a call, and reports how it failed. `is_write`: what a panic leaves is unknown.
pub(crate) fn guard(
    call: *const raw::Call,
    is_write: bool,
    body: impl FnOnce(&Call) -> Result<(), Error>,
) -> Status {
    let Some(host) = host() else { return Kind::Internal as Status };
    // SAFETY: the host lends the call until this function's caller returns.
    let call = Call { raw: unsafe { &*call }, host };
    let result = catch_unwind(AssertUnwindSafe(|| body(&call))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
        let error = Error::new(
            Kind::Internal,
            format!("the driver panicked: {}", words.as_deref().unwrap_or("no reason given")),
        );
        // Dropping a payload may panic as well, and nothing would catch that.
        std::mem::forget(panic);
        Err(if is_write { error.applied(Applied::Unknown) } else { error })
    });
    match result {
        Ok(()) => raw::OK,
        Err(error) => error.from_sink.unwrap_or_else(|| report(&call, &error)),
    }
}

fn report(call: &Call, error: &Error) -> Status {
    let mut message: String = error
        .message
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    while message.len() > 4096 {
        message.pop();
    }
    let (retry, retry_after_ns) = match error.retry {
        Retry::Never => (0, 0),
        Retry::Same(nanoseconds) => (1, nanoseconds),
        Retry::Reopen => (2, 0),
    };
    let value = raw::Error {
        size: size_of::<raw::Error>() as u32,
        flags: 0,
        status: error.kind as Status,
        applied: error.applied as u32,
        retry,
        change: 0,
        retry_after_ns,
        vendor_code: error.vendor_code,
        vendor_name: raw::Text::borrow(error.vendor_name.as_bytes()),
        message: raw::Text::borrow(message.as_bytes()),
        current_version: raw::Text::borrow(error.current_version.as_deref().unwrap_or(&[])),
    };
    // SAFETY: the call is in flight, and the texts live until the function returns.
    unsafe { (call.host.0.fail)(call.raw, &value) };
    value.status
}

// ---- Values from the host ----

/// # Safety
///
/// The text comes from the host, and the result is not used after the call returned.
pub(crate) unsafe fn text<'a>(text: raw::Text) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { text.bytes() })
        .map_err(|_| Error::new(Kind::Invalid, "an argument is not UTF-8"))
}

/// # Safety
///
/// As for [`text`].
unsafe fn key<'a>(key: *const raw::Key) -> Result<Key<'a>, Error> {
    // SAFETY: the caller's promise.
    unsafe {
        let key = &*key;
        let [collection, workspace, path] = [key.collection, key.workspace, key.path];
        Ok(Key { collection: text(collection)?, workspace: text(workspace)?, path: text(path)? })
    }
}

/// # Safety
///
/// As for [`text`].
unsafe fn condition<'a>(condition: *const raw::Condition) -> Result<Condition<'a>, Error> {
    // SAFETY: the caller's promise.
    let condition = unsafe { &*condition };
    match condition.kind {
        0 => Ok(Condition::None),
        1 => Ok(Condition::Absent),
        // SAFETY: the caller's promise.
        2 => Ok(Condition::Version(unsafe { condition.version.bytes() })),
        kind => Err(Error::new(
            Kind::Unsupported,
            format!("the condition's kind {kind} is not known to this driver"),
        )),
    }
}

/// The element of an array whose elements may be longer than this crate knows.
///
/// # Safety
///
/// The array has more than `index` elements, and the result is not used after the call returned.
pub(crate) unsafe fn element<'a, T>(items: *const c_void, index: u32, stride: u32) -> &'a T {
    // SAFETY: the caller's promise.
    unsafe { &*items.byte_add(index as usize * stride as usize).cast::<T>() }
}

/// # Safety
///
/// As for [`text`].
unsafe fn attributes(put: &raw::Put) -> Result<Vec<Attribute>, Error> {
    (0..put.attribute_count)
        .map(|index| {
            // SAFETY: the caller's promise.
            unsafe {
                let items = put.attributes.cast();
                let item: &raw::Attribute = element(items, index, put.attribute_stride);
                Ok(Attribute { name: text(item.name)?.into(), value: text(item.value)?.into() })
            }
        })
        .collect()
}

/// # Safety
///
/// As for [`text`].
unsafe fn options(raw: &raw::Options) -> Result<Options, Error> {
    let unknown = raw.flags & !raw::OPEN_EXISTING;
    if unknown != 0 {
        return Err(Error::new(
            Kind::Unsupported,
            format!("the flags {unknown:#x} of opening are not known to this driver"),
        ));
    }
    let mut options = Options { must_exist: raw.flags != 0, ..Options::default() };
    for index in 0..raw.count {
        // SAFETY: the caller's promise.
        let (name, value) = unsafe {
            let item: &raw::Option = element(raw.items, index, raw.stride);
            let is_number = (raw::OPTION_INTEGER..=raw::OPTION_SIZE).contains(&item.r#type);
            let value = if is_number {
                Value::Number(item.number)
            } else {
                Value::Text(text(item.text)?.into())
            };
            (text(item.name)?, value)
        };
        options.values.insert(name.into(), value);
    }
    Ok(options)
}

// ---- The driver ----
//
// SAFETY of all that follows: the host passes what the header promises. Pointers are valid until
// the call returns, `driver` comes from `start` and `store` from `open`; neither was given back.

unsafe extern "C" fn start<D: Driver>(
    host: *const raw::Host,
    call: *const raw::Call,
    driver: *mut *mut c_void,
) -> Status {
    HOST.store(host.cast_mut(), Ordering::Release);
    // A driver must not write to stderr; this is the library's own copy of the hook.
    std::panic::set_hook(Box::new(|_| {}));
    guard(call, false, |call| {
        let state = Box::new(D::start(call.host)?);
        unsafe { *driver = Box::into_raw(state).cast() };
        Ok(())
    })
}

unsafe extern "C" fn stop<D: Driver>(driver: *mut c_void, call: *const raw::Call) -> Status {
    guard(call, false, |_| {
        drop(unsafe { Box::from_raw(driver.cast::<D>()) });
        Ok(())
    })
}

unsafe extern "C" fn describe<D: Driver>(
    _driver: *mut c_void,
    call: *const raw::Call,
    sink: *const raw::Sink,
) -> Status {
    guard(call, false, |_| ByteSink(unsafe { &*sink }).write(D::DESCRIPTION.json().as_bytes()))
}

unsafe extern "C" fn extension<D: Driver>(_driver: *mut c_void, id: raw::Text) -> *const c_void {
    match unsafe { id.bytes() } {
        raw::operations::ID => operations::table::<D>(),
        _ => std::ptr::null(),
    }
}

unsafe extern "C" fn open<D: Driver>(
    driver: *mut c_void,
    call: *const raw::Call,
    given: *const raw::Options,
    store: *mut *mut c_void,
) -> Status {
    guard(call, false, |call| unsafe {
        let opened = (*driver.cast::<D>()).open(&options(&*given)?, call)?;
        *store = Box::into_raw(Box::new(opened)).cast();
        Ok(())
    })
}

// ---- The store ----

unsafe extern "C" fn close<S: Store>(store: *mut c_void, call: *const raw::Call) -> Status {
    guard(call, false, |call| {
        let store = unsafe { Box::from_raw(store.cast::<S>()) };
        store.close(call)
    })
}

unsafe extern "C" fn capabilities<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    sink: *const raw::CapabilitySink,
) -> Status {
    guard(call, false, |call| {
        for capability in unsafe { (*store.cast::<S>()).capabilities(call)? } {
            let value = raw::Capability {
                size: size_of::<raw::Capability>() as u32,
                flags: 0,
                id: raw::Text::of(capability.id),
                level: capability.level as u32,
                reserved: 0,
                limit: capability.limit,
                note: raw::Text::of(capability.note),
            };
            Error::check_sink(unsafe { ((*sink).capability)((*sink).context, &value) })?;
        }
        Ok(())
    })
}

unsafe extern "C" fn head<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    wanted: *const raw::Key,
    sink: *const raw::InfoSink,
) -> Status {
    guard(call, false, |call| unsafe {
        let info = (*store.cast::<S>()).head(key(wanted)?, call)?;
        streams::send_info(&*sink, &info)
    })
}

unsafe extern "C" fn get<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    request: *const raw::Get,
    info: *const raw::InfoSink,
    bytes: *const raw::Sink,
) -> Status {
    guard(call, false, |call| unsafe {
        let range = Range { offset: (*request).offset, length: (*request).length };
        let sink = ObjectSink { info: &*info, bytes: &*bytes };
        (*store.cast::<S>()).get(key((*request).key)?, range, sink, call)
    })
}

unsafe extern "C" fn put<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    request: *const raw::Put,
    source: *const raw::Source,
    sink: *const raw::InfoSink,
) -> Status {
    guard(call, true, |call| unsafe {
        let request = &*request;
        let put = Put {
            key: key(request.key)?,
            condition: condition(request.condition)?,
            attributes: attributes(request)?,
            unique: request.flags & raw::PUT_UNIQUE != 0,
        };
        let source = Source { source: &*source, seen: 0 };
        let info = (*store.cast::<S>()).put(put, source, call)?;
        streams::send_info(&*sink, &info)
    })
}

unsafe extern "C" fn remove<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    request: *const raw::Remove,
) -> Status {
    guard(call, true, |call| unsafe {
        let request = &*request;
        let condition = condition(request.condition)?;
        (*store.cast::<S>()).remove(key(request.key)?, condition, call)
    })
}

unsafe extern "C" fn list<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    request: *const raw::List,
    sink: *const raw::EntrySink,
) -> Status {
    guard(call, false, |call| unsafe {
        let request = &*request;
        let attributes = request.flags & raw::LIST_ATTRIBUTES != 0;
        let list = List {
            collection: text(request.collection)?,
            workspace: text(request.workspace)?,
            prefix: text(request.prefix)?,
            start_after: text(request.start_after)?,
            limit: request.limit,
            attributes,
        };
        (*store.cast::<S>()).list(list, EntrySink { sink: &*sink, attributes }, call)
    })
}

unsafe extern "C" fn ping<S: Store>(
    store: *mut c_void,
    call: *const raw::Call,
    sink: *const raw::ClockSink,
) -> Status {
    guard(call, false, |call| unsafe {
        let clock = (*store.cast::<S>()).ping(call)?;
        let domain = clock.as_ref().map_or("", |clock| clock.domain.as_str());
        let value = raw::Clock {
            size: size_of::<raw::Clock>() as u32,
            flags: 0,
            domain: raw::Text::borrow(domain.as_bytes()),
            now_ns: clock.as_ref().map_or(0, |clock| clock.now_ns),
            uncertainty_ns: clock.as_ref().map_or(0, |clock| clock.uncertainty_ns),
        };
        Error::check_sink(((*sink).clock)((*sink).context, &value))
    })
}
