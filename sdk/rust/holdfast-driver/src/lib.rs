// SPDX-License-Identifier: Apache-2.0
//! Safe Rust over the Holdfast driver interface, `holdfast/driver.h`, which is the specification.
//!
//! Implement [`Driver`] and [`Store`], name the driver in [`driver!`], and build a `cdylib`:
//!
//! ```text
//! holdfast_driver::driver!(MyDriver);
//! ```
//!
//! The crate keeps the rules about memory, tables and upcalls. A panic never leaves the library:
//! the call fails with [`Kind::Internal`], and a write is reported as [`Applied::Unknown`].

mod bridge;
mod call;
mod description;
mod error;
pub mod operations;
pub mod raw;
mod streams;
mod values;

pub use bridge::{main_v1, table};
pub use call::{Call, Host, Options, Severity, Value};
pub use description::{
    Addressing, Capability, Description, Level, OptionDescription, OptionType, ThreadModel,
};
pub use error::{Applied, Error, Kind, Retry};
pub use streams::{ByteSink, EntrySink, ObjectSink, Source};
pub use values::{Attribute, Clock, Condition, Info, Key, List, Put, Range};

/// A storage driver. It opens stores of one kind.
pub trait Driver: Send + Sync + Sized + 'static {
    /// An open store.
    type Store: Store;

    /// The driver's id, options and declared capabilities.
    const DESCRIPTION: Description;

    /// Verbs of the driver's own; none unless it says so.
    const OPERATIONS: &'static [operations::Operation<Self::Store>] = &[];

    /// Makes the driver's state, once in a process.
    fn start(host: Host) -> Result<Self, Error>;

    /// Opens a store, and makes what is missing of it unless [`Options::must_exist`] forbids it.
    fn open(&self, options: &Options, call: &Call) -> Result<Self::Store, Error>;
}

/// An open store. Calls block, and come with the concurrency that the description allows.
pub trait Store: Send + Sync + 'static {
    /// What this store can do; one that is missing counts as none.
    fn capabilities(&self, call: &Call) -> Result<Vec<Capability>, Error>;

    /// An object's information, or [`Kind::NotFound`].
    fn head(&self, key: Key, call: &Call) -> Result<Info, Error>;

    /// Sends an object's information, then the bytes of the range, all of one version.
    fn get(&self, key: Key, range: Range, sink: ObjectSink, call: &Call) -> Result<(), Error>;

    /// Writes a whole object, all or nothing. Durable when it returns.
    fn put(&self, request: Put, source: Source, call: &Call) -> Result<Info, Error>;

    /// Removes an object; an absent one under no condition is a success.
    fn remove(&self, key: Key, condition: Condition, call: &Call) -> Result<(), Error>;

    /// Lists in ascending byte order of the path.
    fn list(&self, request: List, sink: EntrySink, call: &Call) -> Result<(), Error>;

    /// Checks that the store can be used now, and reads its clock where it has one.
    fn ping(&self, call: &Call) -> Result<Option<Clock>, Error>;

    /// Closes the store, which is dropped afterwards.
    fn close(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }
}

/// Makes the library's entry, table and ELF note for one type. Use it once, in a `cdylib`.
#[macro_export]
macro_rules! driver {
    ($driver:ty) => {
        #[used]
        #[unsafe(link_section = ".note.holdfast")]
        static HOLDFAST_NOTE: $crate::raw::Note = $crate::raw::NOTE;

        static HOLDFAST_TABLE: $crate::raw::Driver = $crate::table::<$driver>();

        /// The one exported symbol.
        ///
        /// # Safety
        ///
        /// For a host only, with the pointers that the interface asks for.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn holdfast_driver_main_v1(
            offer: *const $crate::raw::Offer,
            driver: *mut *const $crate::raw::Driver,
        ) -> $crate::raw::Status {
            // SAFETY: the caller's promise is the same.
            unsafe { $crate::main_v1(offer, driver, &HOLDFAST_TABLE) }
        }
    };
}
