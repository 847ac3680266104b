// SPDX-License-Identifier: Apache-2.0
//! A driver that keeps objects in memory. Stores of the same name share their objects, as long as
//! the process lives; nothing is left of them afterwards.

mod store;

use holdfast_driver::operations::{
    Argument, IDEMPOTENT, Operation, Parameter, READS, ResultKind, ValueType,
};
use holdfast_driver::{
    Addressing, Call, Capability, Description, Driver, Error, Host, Kind, Level, OptionDescription,
    OptionType, Options, ThreadModel,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{MemoryStore, Objects};

holdfast_driver::driver!(Memory);

/// The driver: the objects of each name that was ever opened.
pub struct Memory {
    places: Mutex<BTreeMap<String, Arc<Mutex<Objects>>>>,
}

/// A panic while the lock was held leaves whole objects only, so the lock can be used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most bytes of one object.
pub const MOST_BYTES: u64 = 1 << 30;

impl Driver for Memory {
    type Store = MemoryStore;

    const DESCRIPTION: Description = Description {
        id: "memory-rust",
        version: env!("CARGO_PKG_VERSION"),
        vendor: "Holdfast",
        summary: "Objects in the memory of one process.",
        thread_model: ThreadModel::Parallel,
        addressing: Addressing::Rows,
        grace_ms: 1000,
        options: &[OptionDescription {
            name: "name",
            kind: OptionType::String,
            summary: "Stores of the same name share their objects.",
            default: Some("default"),
            required: false,
        }],
        capabilities: &[
            Capability::native("condition.absent"),
            Capability::native("condition.version"),
            Capability::native("range"),
            Capability::native("list.attributes"),
            Capability { id: "value", level: Level::Native, limit: MOST_BYTES, note: "1 GiB" },
            Capability {
                id: "volatile",
                level: Level::Native,
                limit: 0,
                note: "gone with the process",
            },
            Capability {
                id: "concurrency",
                level: Level::Native,
                limit: 1,
                note: "one lock for each name",
            },
        ],
    };

    const OPERATIONS: &'static [Operation<MemoryStore>] = &[Operation {
        id: "memory-rust.count",
        summary: "Counts the objects of a collection, in all workspaces.",
        traits: READS | IDEMPOTENT,
        parameters: &[Parameter::required("collection", ValueType::Text, "The collection.")],
        result: ResultKind::Json,
        result_schema: "{\"type\":\"integer\"}",
        run: |store, arguments, result, _call| {
            let &[Argument::Text(collection)] = arguments else {
                return Err(Error::new(Kind::Internal, "the arguments are not the declared ones"));
            };
            result.write(store.count(collection).to_string().as_bytes())
        },
    }];

    fn start(_host: Host) -> Result<Self, Error> {
        Ok(Self { places: Mutex::default() })
    }

    fn open(&self, options: &Options, call: &Call) -> Result<MemoryStore, Error> {
        let name = options.text("name").unwrap_or("default");
        call.check()?;
        let mut places = lock(&self.places);
        if let Some(objects) = places.get(name) {
            return Ok(MemoryStore::new(objects.clone()));
        }
        if options.must_exist {
            return Err(Error::new(Kind::NotFound, format!("nothing is kept under '{name}' yet")));
        }
        let objects = Arc::new(Mutex::new(Objects::new()?));
        places.insert(name.to_owned(), objects.clone());
        Ok(MemoryStore::new(objects))
    }
}
