// SPDX-License-Identifier: Apache-2.0
//! Verbs of a driver's own, by `holdfast/operations.h`. They are served by `invoke`; the canary has
//! a function of its exact signature as well.

use crate::bridge::{element, guard, text};
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::raw::operations as ops;
use crate::raw::{self, Status};
use crate::streams::ByteSink;
use crate::{Driver, Store};
use std::any::TypeId;
use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ValueType {
    /// A number with a sign.
    I64 = 1,
    /// A number without one.
    U64 = 2,
    /// A finite number.
    F64 = 3,
    /// True or false.
    Bool = 4,
    /// UTF-8.
    Text = 5,
    /// Bytes.
    Bytes = 6,
}

/// An argument, of the type of its parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument<'a> {
    /// [`ValueType::I64`].
    I64(i64),
    /// [`ValueType::U64`].
    U64(u64),
    /// [`ValueType::F64`].
    F64(f64),
    /// [`ValueType::Bool`].
    Bool(bool),
    /// [`ValueType::Text`].
    Text(&'a str),
    /// [`ValueType::Bytes`].
    Bytes(&'a [u8]),
}

/// A parameter of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// 1 to 32 bytes of `[a-z0-9_]`, starting with a letter.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub documentation: &'static str,
    /// The type.
    pub kind: ValueType,
    /// What it is where none is given, as on the command line; `None`: it must be given.
    pub default: Option<&'static str>,
    /// The only values of a text; empty when any will do.
    pub choices: &'static [&'static str],
    /// The least number; empty for none.
    pub minimum: &'static str,
    /// The greatest number; empty for none.
    pub maximum: &'static str,
}

impl Parameter {
    /// A parameter that must be given, without bounds.
    pub const fn required(
        name: &'static str,
        kind: ValueType,
        documentation: &'static str,
    ) -> Self {
        Self { name, documentation, kind, default: None, choices: &[], minimum: "", maximum: "" }
    }
}

/// What an operation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ResultKind {
    /// Nothing.
    None = 0,
    /// One JSON document.
    Json = 1,
    /// UTF-8.
    Text = 2,
    /// Anything.
    Bytes = 3,
}

/// Trait of an operation: it looks at what is stored.
pub const READS: u32 = 1;
/// Trait of an operation: it changes what is stored, or how.
pub const MUTATES: u32 = 2;
/// Trait of an operation: a repeat is harmless, so the host may repeat a failed call.
pub const IDEMPOTENT: u32 = 4;
/// Trait of an operation: its arguments or its result hold objects' bytes.
pub const CONTENT: u32 = 8;

/// What an operation does. The arguments have the types of the parameters, in their order.
pub type Run<S> = fn(&S, &[Argument], &mut ByteSink, &Call) -> Result<(), Error>;

/// A verb of a driver's own.
pub struct Operation<S> {
    /// The driver's id, a dot and a name of `[a-z0-9_]`.
    pub id: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// [`READS`], [`MUTATES`], [`IDEMPOTENT`], [`CONTENT`].
    pub traits: u32,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What it writes.
    pub result: ResultKind,
    /// The JSON schema of a JSON result, or empty.
    pub result_schema: &'static str,
    /// Does it.
    pub run: Run<S>,
}

const CANARY: &str = "holdfast.canary";
const CANARY_TYPES: [ValueType; 6] = [
    ValueType::I64,
    ValueType::U64,
    ValueType::F64,
    ValueType::Bool,
    ValueType::Text,
    ValueType::Bytes,
];

/// A type's name in a signature, and what the hash takes for it.
const fn words(kind: ValueType) -> (&'static str, &'static str) {
    match kind {
        ValueType::I64 => ("i64", "i"),
        ValueType::U64 => ("u64", "u"),
        ValueType::F64 => ("f64", "d"),
        ValueType::Bool => ("bool", "b"),
        ValueType::Text => ("text", "t"),
        ValueType::Bytes => ("bytes", "pu"),
    }
}

/// FNV-1a over the characters of the types.
fn hash(types: &[ValueType]) -> u64 {
    let codes = types.iter().flat_map(|kind| words(*kind).1.bytes());
    codes.fold(0xcbf2_9ce4_8422_2325, |hash, code| {
        (hash ^ u64::from(code)).wrapping_mul(0x100_0000_01b3)
    })
}

fn code(types: &[ValueType], function: std::option::Option<unsafe extern "C" fn()>) -> ops::Code {
    let names: Vec<&str> = types.iter().map(|kind| words(*kind).0).collect();
    let signature: &'static str = String::leak(names.join(","));
    ops::Code { signature: raw::Text::of(signature), hash: hash(types), function }
}

// ---- The table ----

/// The tables that were made, by their drivers' types: a table stays for the life of the process.
static TABLES: Mutex<Vec<(TypeId, usize)>> = Mutex::new(Vec::new());

/// The table of a driver's operations; null when it has none.
pub(crate) fn table<D: Driver>() -> *const c_void {
    if D::OPERATIONS.is_empty() {
        return std::ptr::null();
    }
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = tables.iter().find(|(id, _)| *id == TypeId::of::<D>());
    let address = known.map(|(_, address)| *address).unwrap_or_else(|| {
        let address = (&raw const *Box::leak(Box::new(make::<D>()))) as usize;
        tables.push((TypeId::of::<D>(), address));
        address
    });
    address as *const c_void
}

fn make<D: Driver>() -> ops::Operations {
    let mut items = vec![canary_declaration()];
    items.extend(D::OPERATIONS.iter().map(declaration));
    let items = Vec::leak(items);
    ops::Operations {
        size: size_of::<ops::Operations>() as u32,
        flags: 0,
        items: items.as_ptr().cast(),
        count: items.len() as u32,
        stride: size_of::<ops::Operation>() as u32,
        invoke: Some(invoke::<D>),
    }
}

fn declaration<S>(operation: &Operation<S>) -> ops::Operation {
    let types: Vec<ValueType> = operation.parameters.iter().map(|each| each.kind).collect();
    let parameters = Vec::leak(operation.parameters.iter().map(parameter).collect());
    ops::Operation {
        size: size_of::<ops::Operation>() as u32,
        traits: operation.traits,
        id: raw::Text::of(operation.id),
        summary: raw::Text::of(operation.summary),
        code: code(&types, None),
        parameters: parameters.as_ptr().cast(),
        parameter_count: parameters.len() as u32,
        parameter_stride: size_of::<ops::Parameter>() as u32,
        result: operation.result as u32,
        reserved: 0,
        result_schema: raw::Text::of(operation.result_schema),
    }
}

fn parameter(parameter: &Parameter) -> ops::Parameter {
    let choices: Vec<raw::Text> =
        parameter.choices.iter().map(|choice| raw::Text::of(choice)).collect();
    let choices = Vec::leak(choices);
    ops::Parameter {
        size: size_of::<ops::Parameter>() as u32,
        flags: parameter.default.is_none().into(),
        name: raw::Text::of(parameter.name),
        documentation: raw::Text::of(parameter.documentation),
        r#type: parameter.kind as u32,
        choice_count: choices.len() as u32,
        choices: choices.as_ptr(),
        default_value: raw::Text::of(parameter.default.unwrap_or("")),
        minimum: raw::Text::of(parameter.minimum),
        maximum: raw::Text::of(parameter.maximum),
    }
}

// ---- Calls ----
//
// SAFETY of all that follows: the host passes what the header promises.

unsafe extern "C" fn invoke<D: Driver>(
    store: *mut c_void,
    call: *const raw::Call,
    id: raw::Text,
    items: *const c_void,
    count: u32,
    stride: u32,
    sink: *const raw::Sink,
) -> Status {
    guard(call, true, |call| unsafe {
        let id = text(id)?;
        let mut sink = ByteSink(&*sink);
        if id == CANARY {
            let arguments = arguments(&CANARY_TYPES, items, count, stride)?;
            return sink.write(canary_answer(&arguments).as_bytes());
        }
        let Some(operation) = D::OPERATIONS.iter().find(|each| each.id == id) else {
            return Err(Error::new(Kind::Unsupported, "the driver has no such operation"));
        };
        let types: Vec<ValueType> = operation.parameters.iter().map(|each| each.kind).collect();
        let arguments = arguments(&types, items, count, stride)?;
        run_on::<D::Store>(operation.run, store, &arguments, &mut sink, call)
    })
}

unsafe fn run_on<S: Store>(
    run: Run<S>,
    store: *mut c_void,
    arguments: &[Argument],
    sink: &mut ByteSink,
    call: &Call,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    run(unsafe { &*store.cast::<S>() }, arguments, sink, call)
}

unsafe fn arguments<'a>(
    types: &[ValueType],
    items: *const c_void,
    count: u32,
    stride: u32,
) -> Result<Vec<Argument<'a>>, Error> {
    if count as usize != types.len() {
        let message = format!("the operation takes {} arguments, not {count}", types.len());
        return Err(Error::new(Kind::Invalid, message));
    }
    (0..count)
        .zip(types)
        .map(|(index, kind)| {
            // SAFETY: the caller's promise.
            let value: &ops::Value = unsafe { element(items, index, stride) };
            if value.r#type != *kind as u32 {
                let message = format!("argument {} has another type", index + 1);
                return Err(Error::new(Kind::Invalid, message));
            }
            Ok(match kind {
                ValueType::I64 => Argument::I64(value.i64),
                ValueType::U64 => Argument::U64(value.u64),
                ValueType::F64 => Argument::F64(value.f64),
                ValueType::Bool => Argument::Bool(value.i64 != 0),
                // SAFETY: the caller's promise.
                ValueType::Text => Argument::Text(unsafe { text(value.text)? }),
                // SAFETY: the caller's promise.
                ValueType::Bytes => Argument::Bytes(unsafe { value.text.bytes() }),
            })
        })
        .collect()
}

// ---- The canary ----

fn canary_declaration() -> ops::Operation {
    let names = ["i64", "u64", "f64", "bool", "text", "bytes"];
    let parameters: Vec<ops::Parameter> = names
        .into_iter()
        .zip(CANARY_TYPES)
        .map(|(name, kind)| {
            parameter(&Parameter::required(name, kind, "comes back in hexadecimal"))
        })
        .collect();
    let parameters = Vec::leak(parameters);
    // SAFETY: only the type under which the address is kept changes; the signature says the real one.
    let function: unsafe extern "C" fn() = unsafe { std::mem::transmute(canary as CanaryFunction) };
    ops::Operation {
        size: size_of::<ops::Operation>() as u32,
        traits: IDEMPOTENT,
        id: raw::Text::of(CANARY),
        summary: raw::Text::of("Answers its arguments; checks the way between host and driver."),
        code: code(&CANARY_TYPES, Some(function)),
        parameters: parameters.as_ptr().cast(),
        parameter_count: parameters.len() as u32,
        parameter_stride: size_of::<ops::Parameter>() as u32,
        result: ResultKind::Json as u32,
        reserved: 0,
        result_schema: raw::Text::of("{\"type\":\"object\"}"),
    }
}

/// The canary's function, of the signature `i64,u64,f64,bool,text,bytes`.
type CanaryFunction = unsafe extern "C" fn(
    *mut c_void,
    *const raw::Call,
    i64,
    u64,
    f64,
    i32,
    *const raw::Text,
    *const u8,
    u64,
    *const raw::Sink,
) -> Status;

unsafe extern "C" fn canary(
    _store: *mut c_void,
    call: *const raw::Call,
    i64: i64,
    u64: u64,
    f64: f64,
    flag: i32,
    words: *const raw::Text,
    bytes: *const u8,
    count: u64,
    sink: *const raw::Sink,
) -> Status {
    guard(call, false, |_| unsafe {
        let bytes = raw::Text { data: bytes, size: count }.bytes();
        let arguments = [
            Argument::I64(i64),
            Argument::U64(u64),
            Argument::F64(f64),
            Argument::Bool(flag != 0),
            Argument::Text(text(*words)?),
            Argument::Bytes(bytes),
        ];
        ByteSink(&*sink).write(canary_answer(&arguments).as_bytes())
    })
}

/// An object with the name of each type, and the bits of its argument in hexadecimal.
fn canary_answer(arguments: &[Argument]) -> String {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let members: Vec<String> = arguments
        .iter()
        .zip(CANARY_TYPES)
        .map(|(argument, kind)| {
            let digits: String = match argument {
                Argument::I64(number) => format!("{number:016x}"),
                Argument::U64(number) => format!("{number:016x}"),
                Argument::F64(number) => format!("{:016x}", number.to_bits()),
                Argument::Bool(flag) => format!("{:016x}", u8::from(*flag)),
                Argument::Text(text) => hexadecimal(text.as_bytes()),
                Argument::Bytes(bytes) => hexadecimal(bytes),
            };
            format!("\"{}\":\"{digits}\"", words(kind).0)
        })
        .collect();
    format!("{{{}}}", members.join(","))
}
