// SPDX-License-Identifier: Apache-2.0
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::raw;
use crate::values::{Attribute, Info};
use std::ffi::c_void;

/// Lends an object's information as the interface has it.
pub(crate) fn with_info<R>(info: &Info, attributes: bool, body: impl FnOnce(&raw::Info) -> R) -> R {
    let chosen: &[Attribute] = if attributes { &info.attributes } else { &[] };
    let items: Vec<raw::Attribute> = chosen
        .iter()
        .map(|attribute| raw::Attribute {
            size: size_of::<raw::Attribute>() as u32,
            flags: 0,
            name: raw::Text::borrow(attribute.name.as_bytes()),
            value: raw::Text::borrow(attribute.value.as_bytes()),
        })
        .collect();
    body(&raw::Info {
        size: size_of::<raw::Info>() as u32,
        flags: 0,
        version: raw::Text::borrow(&info.version),
        bytes: info.bytes,
        modified_ns: info.modified_ns,
        attributes: items.as_ptr(),
        attribute_count: items.len() as u32,
        attribute_stride: size_of::<raw::Attribute>() as u32,
    })
}

/// Where a read object goes, before its information is sent.
pub struct ObjectSink<'a> {
    pub(crate) info: &'a raw::InfoSink,
    pub(crate) bytes: &'a raw::Sink,
}

impl<'a> ObjectSink<'a> {
    /// Sends the information of the version whose bytes follow, and gives the sink for those.
    pub fn begin(self, info: &Info) -> Result<ByteSink<'a>, Error> {
        send_info(self.info, info)?;
        Ok(ByteSink(self.bytes))
    }
}

pub(crate) fn send_info(sink: &raw::InfoSink, info: &Info) -> Result<(), Error> {
    // SAFETY: the sink is the call's, and what it gets is borrowed until it returns.
    Error::check_sink(with_info(info, true, |info| unsafe { (sink.info)(sink.context, info) }))
}

/// Where the bytes of a read object go.
pub struct ByteSink<'a>(pub(crate) &'a raw::Sink);

impl ByteSink<'_> {
    /// Sends the next bytes, in pieces of any size. Pass an error on unchanged.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let sink = self.0;
        // SAFETY: the sink is the call's, and the bytes are borrowed until it returns.
        Error::check_sink(unsafe { (sink.write)(sink.context, bytes.as_ptr(), bytes.len() as u64) })
    }
}

/// Where the entries of a listing go.
pub struct EntrySink<'a> {
    pub(crate) sink: &'a raw::EntrySink,
    pub(crate) attributes: bool,
}

impl EntrySink<'_> {
    /// Sends the next entry in ascending order. Attributes that were not asked for are left out.
    /// The version may be empty where the store's listings do not tell it and no attributes were asked
    /// for. Pass an error on unchanged.
    pub fn send(&mut self, path: &str, info: &Info) -> Result<(), Error> {
        Error::check_sink(with_info(info, self.attributes, |info| {
            let entry = raw::Entry {
                size: size_of::<raw::Entry>() as u32,
                flags: 0,
                path: raw::Text::borrow(path.as_bytes()),
                info,
            };
            let items: *const c_void = (&raw const entry).cast();
            // SAFETY: one entry of that size, borrowed until the sink returns.
            unsafe { (self.sink.entries)(self.sink.context, items, 1, entry.size) }
        }))
    }
}

/// Where the bytes of a write come from. Read once, front to back.
pub struct Source<'a> {
    pub(crate) source: &'a raw::Source,
    pub(crate) seen: u64,
}

impl Source<'_> {
    /// The number of bytes, when it is known before the end.
    pub fn length(&self) -> Option<u64> {
        (self.source.length != raw::LENGTH_UNKNOWN).then_some(self.source.length)
    }

    /// Fills the front of a buffer that is not empty; 0 is the end. A source that fails, ends early
    /// or goes on is an error: drop the write and pass the error on unchanged.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut count = 0;
        // SAFETY: the source is the call's, and the buffer is borrowed until it returns.
        let status = unsafe {
            let source = self.source;
            (source.read)(source.context, buffer.as_mut_ptr(), buffer.len() as u64, &mut count)
        };
        if status != raw::OK || count > buffer.len() as u64 {
            return Err(Error::new(Kind::Source, "the source of the bytes failed"));
        }
        self.seen += count;
        match self.length() {
            Some(length) if self.seen > length || (count == 0 && self.seen != length) => {
                let seen = self.seen;
                Err(Error::new(Kind::Source, format!("the source gave {seen} bytes of {length}")))
            }
            _ => Ok(count as usize),
        }
    }

    /// Reads all bytes into memory; more than `most` are [`Kind::TooLarge`].
    pub fn read_all(mut self, most: u64, call: &Call) -> Result<Vec<u8>, Error> {
        const CHUNK: usize = 64 * 1024;
        let mut bytes = Vec::new();
        loop {
            call.check()?;
            let filled = bytes.len();
            if filled as u64 > most {
                return Err(Error::new(
                    Kind::TooLarge,
                    format!("an object has at most {most} bytes"),
                ));
            }
            bytes.resize(filled + CHUNK, 0);
            let count = self.read(&mut bytes[filled..])?;
            bytes.truncate(filled + count);
            if count == 0 {
                return Ok(bytes);
            }
        }
    }
}
