// SPDX-License-Identifier: Apache-2.0
//! No panic leaves the library, whichever call it comes from.

mod caller;

use caller::{ANY, Caller, Failure};
use holdfast_driver::*;
use std::sync::atomic::{AtomicBool, Ordering};

struct Panicking;

static OPENS: AtomicBool = AtomicBool::new(false);
static TABLE: raw::Driver = table::<Panicking>();

impl Driver for Panicking {
    type Store = Panicking;

    const DESCRIPTION: Description = Description {
        id: "panicking",
        version: "1.0.0",
        vendor: "The tests",
        summary: "Panics",
        thread_model: ThreadModel::Parallel,
        addressing: Addressing::Rows,
        grace_ms: 1000,
        options: &[],
        capabilities: &[],
    };

    fn start(_host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn open(&self, _options: &Options, _call: &Call) -> Result<Self, Error> {
        if OPENS.load(Ordering::SeqCst) { Ok(Self) } else { panic!("opening") }
    }
}

impl Store for Panicking {
    fn capabilities(&self, _call: &Call) -> Result<Vec<Capability>, Error> {
        panic!("capabilities\nof two lines")
    }

    fn head(&self, key: Key, _call: &Call) -> Result<Info, Error> {
        panic!("head of {}", key.path)
    }

    fn get(&self, _: Key, _: Range, _: ObjectSink, _: &Call) -> Result<(), Error> {
        std::panic::panic_any(7)
    }

    fn put(&self, _request: Put, _source: Source, _call: &Call) -> Result<Info, Error> {
        panic!("put")
    }

    fn remove(&self, _: Key, _: Condition, _: &Call) -> Result<(), Error> {
        panic!("remove")
    }

    fn list(&self, _: List, _: EntrySink, _: &Call) -> Result<(), Error> {
        panic!("{}", "long ".repeat(2000))
    }

    fn ping(&self, _call: &Call) -> Result<Option<Clock>, Error> {
        Err(Error::new(Kind::Throttled, "slowly").retry(Retry::Same(5)))
    }

    fn close(&self, _call: &Call) -> Result<(), Error> {
        panic!("close")
    }
}

fn expect(failure: Result<impl Sized, Failure>, applied: u32, words: &str) {
    let failure = failure.err().expect("a failure");
    assert_eq!((failure.status, failure.applied), (-18, applied));
    assert!(failure.message.contains(words), "{}", failure.message);
    assert!(!failure.message.contains('\n') && failure.message.len() <= 4096);
}

#[test]
fn a_panic_is_an_internal_error_and_a_write_is_unknown() {
    let caller = Caller::start(&TABLE).unwrap();
    expect(caller.open(0, &[]), 0, "panicked: opening");
    OPENS.store(true, Ordering::SeqCst);
    let store = caller.open(0, &[]).unwrap();
    expect(store.capabilities(), 0, "panicked: capabilities of two lines");
    expect(store.head("x/y"), 0, "panicked: head of x/y");
    expect(store.get("x", (0, 1), 0), 0, "no reason given");
    expect(store.put("x", ANY, b"1"), 2, "panicked: put");
    expect(store.remove("x", ANY), 2, "panicked: remove");
    expect(store.list("", "", 1, 0), 0, "long long");
    let throttled = store.ping().unwrap_err();
    assert_eq!((throttled.status, throttled.retry, throttled.applied), (-6, (1, 5), 0));
    // Before the driver is called at all.
    assert_eq!(store.put("x", (9, ""), b"1").unwrap_err().status, -11);
    assert_eq!(caller.open(2, &[]).err().unwrap().status, -11);
    expect(store.close(), 0, "panicked: close");
    assert!(caller.describe().unwrap().contains("\"panicking\""));
}
