// SPDX-License-Identifier: Apache-2.0
//! The @ID@ driver: objects in the memory of one process. Stores of the same name share them.

use holdfast_driver::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

driver!(MyDriver);

const MOST_BYTES: u64 = 1 << 30;
const CHUNK: usize = 64 * 1024;

/// The driver: what each name keeps, also while no store of it is open.
struct MyDriver {
    places: Mutex<BTreeMap<String, Arc<Mutex<Place>>>>,
}

/// Collection, workspace and path.
type Name = (String, String, String);

struct Place {
    objects: BTreeMap<Name, Object>,
    writes: u64,
    /// Random: a version of another process must not come back.
    life: u128,
}

struct Object {
    info: Info,
    bytes: Arc<[u8]>,
}

/// A panic while the lock was held leaves whole objects only, so the lock can be used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driver for MyDriver {
    type Store = MyStore;

    const DESCRIPTION: Description = Description {
        id: "@ID@",
        version: env!("CARGO_PKG_VERSION"),
        vendor: "Unpublished",
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
            Capability { id: "value", level: Level::Native, limit: MOST_BYTES, note: "" },
            // Gone with the process: take this away when the objects have another place.
            Capability::native("volatile"),
        ],
    };

    fn start(_host: Host) -> Result<Self, Error> {
        Ok(Self { places: Mutex::default() })
    }

    fn open(&self, options: &Options, call: &Call) -> Result<MyStore, Error> {
        call.check()?;
        let name = options.text("name").unwrap_or("default");
        let mut places = lock(&self.places);
        if let Some(place) = places.get(name) {
            return Ok(MyStore { place: place.clone() });
        }
        if options.must_exist {
            let message = format!("no store of the name '{name}' was opened yet");
            return Err(Error::new(Kind::NotFound, message));
        }
        let mut random = [0; 16];
        File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut random))
            .map_err(|error| Error::new(Kind::Io, format!("cannot read /dev/urandom: {error}")))?;
        let life = u128::from_ne_bytes(random);
        let place = Arc::new(Mutex::new(Place { objects: BTreeMap::new(), writes: 0, life }));
        places.insert(name.to_owned(), place.clone());
        Ok(MyStore { place })
    }
}

/// An open store.
struct MyStore {
    place: Arc<Mutex<Place>>,
}

fn name(key: Key) -> Name {
    (key.collection.into(), key.workspace.into(), key.path.into())
}

/// The object's version, where there is an object.
fn version(now: Option<&Object>) -> Option<&[u8]> {
    now.map(|object| object.info.version.as_slice())
}

impl MyStore {
    /// An object as it is now. The bytes are shared, so that no lock is held while they are sent.
    fn find(&self, key: Key) -> Result<(Info, Arc<[u8]>), Error> {
        match lock(&self.place).objects.get(&name(key)) {
            Some(object) => Ok((object.info.clone(), object.bytes.clone())),
            None => Err(Error::new(Kind::NotFound, format!("there is no object '{}'", key.path))),
        }
    }
}

impl Store for MyStore {
    fn capabilities(&self, _call: &Call) -> Result<Vec<Capability>, Error> {
        Ok(MyDriver::DESCRIPTION.capabilities.to_vec())
    }

    fn head(&self, key: Key, call: &Call) -> Result<Info, Error> {
        call.check()?;
        Ok(self.find(key)?.0)
    }

    fn get(&self, key: Key, range: Range, sink: ObjectSink, call: &Call) -> Result<(), Error> {
        call.check()?;
        let (info, bytes) = self.find(key)?;
        let part = range.of(info.bytes);
        let mut sink = sink.begin(&info)?;
        for piece in bytes[part.start as usize..part.end as usize].chunks(CHUNK) {
            call.check()?;
            sink.write(piece)?;
        }
        Ok(())
    }

    fn put(&self, request: Put, source: Source, call: &Call) -> Result<Info, Error> {
        let name = name(request.key);
        // Saves the transfer; what counts is the check below, under the same lock as the write.
        request.condition.check(version(lock(&self.place).objects.get(&name)))?;
        let bytes: Arc<[u8]> = source.read_all(MOST_BYTES, call)?.into();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut place = lock(&self.place);
        request.condition.check(version(place.objects.get(&name)))?;
        call.check()?;
        place.writes += 1;
        let info = Info {
            version: format!("{:032x}-{}", place.life, place.writes).into_bytes(),
            bytes: bytes.len() as u64,
            modified_ns: now.as_nanos() as i64,
            attributes: request.attributes,
        };
        place.objects.insert(name, Object { info: info.clone(), bytes });
        Ok(info)
    }

    fn remove(&self, key: Key, condition: Condition, call: &Call) -> Result<(), Error> {
        let mut place = lock(&self.place);
        call.check()?;
        condition.check(version(place.objects.get(&name(key))))?;
        place.objects.remove(&name(key));
        Ok(())
    }

    fn list(&self, request: List, mut sink: EntrySink, call: &Call) -> Result<(), Error> {
        call.check()?;
        let name = |path: &str| -> Name {
            (request.collection.into(), request.workspace.into(), path.into())
        };
        let start = if request.start_after.is_empty() || request.start_after < request.prefix {
            Bound::Included(name(request.prefix))
        } else {
            Bound::Excluded(name(request.start_after))
        };
        // Copied, so that no lock is held while the host takes the entries.
        let entries: Vec<(String, Info)> = lock(&self.place)
            .objects
            .range((start, Bound::Unbounded))
            .take_while(|((collection, workspace, path), _)| {
                collection == request.collection
                    && workspace == request.workspace
                    && path.starts_with(request.prefix)
            })
            .take(request.limit as usize)
            .map(|((_, _, path), object)| (path.clone(), object.info.clone()))
            .collect();
        for (path, info) in entries {
            call.check()?;
            sink.send(&path, &info)?;
        }
        Ok(())
    }

    fn ping(&self, _call: &Call) -> Result<Option<Clock>, Error> {
        Ok(None)
    }
}
