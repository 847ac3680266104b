// SPDX-License-Identifier: Apache-2.0
//! Calls that are cancelled; in a process of its own, because all calls are at once.

#[path = "../../../rust/holdfast-driver/tests/caller/mod.rs"]
mod caller;

use caller::{ANY, CANCELLED, Caller};
use holdfast_driver::{raw, table};
use memory_rust::Memory;
use std::sync::atomic::Ordering;

static TABLE: raw::Driver = table::<Memory>();

#[test]
fn a_cancelled_call_changes_nothing() {
    let driver = Caller::start(&TABLE).unwrap();
    let store = driver.open(0, &[]).unwrap();
    store.put("x", ANY, b"1").unwrap();
    CANCELLED.store(true, Ordering::SeqCst);
    let put = store.put("x", ANY, b"2").unwrap_err();
    assert_eq!((put.status, put.applied), (-9, 0));
    let remove = store.remove("x", ANY).unwrap_err();
    assert_eq!((remove.status, remove.applied), (-9, 0));
    assert_eq!(store.get("x", (0, 9), 0).unwrap_err().status, -9);
    assert_eq!(store.list("", "", 9, 0).unwrap_err().status, -9);
    assert_eq!(driver.open(0, &[]).err().unwrap().status, -9);
    CANCELLED.store(false, Ordering::SeqCst);
    assert_eq!(store.get("x", (0, 9), 0).unwrap(), b"1");
    store.close().unwrap();
}
