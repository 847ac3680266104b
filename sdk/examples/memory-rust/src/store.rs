// SPDX-License-Identifier: Apache-2.0
use crate::{MOST_BYTES, lock};
use holdfast_driver::{
    Call, Capability, Clock, Condition, Driver, EntrySink, Error, Info, Key, Kind, List,
    ObjectSink, Put, Range, Source, Store,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Bound;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// Collection, workspace and path.
type Name = (String, String, String);

/// What one name keeps.
pub(crate) struct Objects {
    objects: BTreeMap<Name, Object>,
    writes: u64,
    /// Random, because a version that a host remembers must not come back in another process.
    life: u128,
}

impl Objects {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut random = [0; 16];
        File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut random))
            .map_err(|error| Error::new(Kind::Io, format!("cannot read /dev/urandom: {error}")))?;
        let life = u128::from_ne_bytes(random);
        Ok(Self { objects: BTreeMap::new(), writes: 0, life })
    }
}

struct Object {
    info: Info,
    bytes: Arc<[u8]>,
}

/// An open store.
pub struct MemoryStore {
    objects: Arc<Mutex<Objects>>,
}

const CHUNK: usize = 64 * 1024;

impl MemoryStore {
    pub(crate) fn new(objects: Arc<Mutex<Objects>>) -> Self {
        Self { objects }
    }

    /// How many objects a collection has, in all workspaces.
    pub(crate) fn count(&self, collection: &str) -> usize {
        lock(&self.objects).objects.keys().filter(|name| name.0 == collection).count()
    }

    /// An object as it is now. The bytes are shared, so that no lock is held while they are sent.
    fn find(&self, key: Key) -> Result<(Info, Arc<[u8]>), Error> {
        let objects = lock(&self.objects);
        match objects.objects.get(&name(key)) {
            Some(object) => Ok((object.info.clone(), object.bytes.clone())),
            None => Err(Error::new(Kind::NotFound, format!("there is no object '{}'", key.path))),
        }
    }
}

fn name(key: Key) -> Name {
    (key.collection.into(), key.workspace.into(), key.path.into())
}

/// The object's version, where there is an object.
fn version(now: Option<&Object>) -> Option<&[u8]> {
    now.map(|object| object.info.version.as_slice())
}

impl Store for MemoryStore {
    fn capabilities(&self, _call: &Call) -> Result<Vec<Capability>, Error> {
        Ok(crate::Memory::DESCRIPTION.capabilities.to_vec())
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
        request.condition.check(version(lock(&self.objects).objects.get(&name)))?;
        let bytes: Arc<[u8]> = source.read_all(MOST_BYTES, call)?.into();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut objects = lock(&self.objects);
        request.condition.check(version(objects.objects.get(&name)))?;
        call.check()?;
        objects.writes += 1;
        let info = Info {
            version: format!("{:032x}-{}", objects.life, objects.writes).into_bytes(),
            bytes: bytes.len() as u64,
            modified_ns: now.as_nanos() as i64,
            attributes: request.attributes,
        };
        objects.objects.insert(name, Object { info: info.clone(), bytes });
        Ok(info)
    }

    fn remove(&self, key: Key, condition: Condition, call: &Call) -> Result<(), Error> {
        let name = name(key);
        let mut objects = lock(&self.objects);
        call.check()?;
        condition.check(version(objects.objects.get(&name)))?;
        objects.objects.remove(&name);
        Ok(())
    }

    fn list(&self, request: List, mut sink: EntrySink, call: &Call) -> Result<(), Error> {
        let name = |path: &str| -> Name {
            (request.collection.into(), request.workspace.into(), path.into())
        };
        let start = match request.start_after {
            "" => Bound::Included(name(request.prefix)),
            after if after < request.prefix => Bound::Included(name(request.prefix)),
            after => Bound::Excluded(name(after)),
        };
        // Copied, so that no lock is held while the host takes the entries.
        let entries: Vec<(String, Info)> = lock(&self.objects)
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
