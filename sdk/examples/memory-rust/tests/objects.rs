// SPDX-License-Identifier: Apache-2.0
//! The driver through its table, as a host calls it.

#[path = "../../../rust/holdfast-driver/tests/caller/mod.rs"]
mod caller;

use caller::{ABSENT, ANY, Caller, Store};
use holdfast_driver::raw;
use memory_rust::holdfast_driver_main_v1;
use std::sync::OnceLock;

struct Shared(Caller);
// SAFETY: drivers may be called from any thread.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

/// The driver, started once in the process, and a store of its own for each test.
fn open(name: &str) -> Store {
    driver().open(0, &[("name", name)]).unwrap()
}

fn driver() -> &'static Caller {
    static DRIVER: OnceLock<Shared> = OnceLock::new();
    &DRIVER
        .get_or_init(|| {
            let empty = raw::Text { data: std::ptr::null(), size: 0 };
            let mut offer = raw::Offer {
                size: size_of::<raw::Offer>() as u32,
                flags: 0,
                abi_minor: raw::ABI_MINOR,
                draft: raw::DRAFT + 1,
                behaviour_max: raw::BEHAVIOUR,
                reserved: 0,
                host_name: empty,
                host_version: empty,
            };
            let mut table = std::ptr::null();
            unsafe {
                assert_eq!(holdfast_driver_main_v1(&offer, &mut table), -11);
                offer.draft = raw::DRAFT;
                assert_eq!(holdfast_driver_main_v1(&offer, &mut table), raw::OK);
                Shared(Caller::start(&*table).unwrap())
            }
        })
        .0
}

const WHOLE: (u64, u64) = (0, u64::MAX);

#[test]
fn bytes_attributes_and_ranges_come_back() {
    let store = open("bytes");
    for size in [0, 1, 65536, 65537, 200_000] {
        let bytes: Vec<u8> = (0..size).map(|index| (index * 31) as u8).collect();
        let attributes = [("a", ""), ("b", "grün")];
        let info =
            store.put_from("x", ANY, &bytes, raw::LENGTH_UNKNOWN, false, &attributes).unwrap();
        assert_eq!(info.bytes, size);
        assert_eq!(info.attributes, [("a".into(), "".into()), ("b".into(), "grün".into())]);
        assert_eq!(store.head("x").unwrap(), info);
        assert_eq!(store.get("x", WHOLE, 0).unwrap(), bytes);
        let end = bytes.len().min(70_000);
        assert_eq!(store.get("x", (3, 69_997), 0).unwrap(), &bytes[end.min(3)..end]);
        assert!(store.get("x", (u64::MAX, u64::MAX), 0).unwrap().is_empty());
    }
    assert_eq!(store.get("x", WHOLE, raw::STOPPED).unwrap().len(), 65536);
    assert_eq!(store.get("x", WHOLE, -16).unwrap().len(), 65536);
    store.close().unwrap();
}

#[test]
fn conditions_hold() {
    let store = open("conditions");
    let first = store.put("c", ABSENT, b"1").unwrap().version;
    let refused = store.put("c", ABSENT, b"2").unwrap_err();
    assert_eq!((refused.status, refused.applied, &refused.current), (-2, 0, &first));
    let second = store.put("c", (2, &first), b"2").unwrap().version;
    assert_eq!(store.put("c", (2, &first), b"3").unwrap_err().current, second);
    assert_eq!(store.remove("c", (2, &first)).unwrap_err().status, -2);
    assert_eq!(store.get("c", WHOLE, 0).unwrap(), b"2");
    store.remove("c", (2, &second)).unwrap();
    assert_eq!(store.remove("c", (2, &second)).unwrap_err().current, "");
    store.remove("c", ANY).unwrap();
    assert_eq!(store.head("c").unwrap_err().status, -1);
    let third = store.put("c", ABSENT, b"2").unwrap().version;
    assert!(third != second && third != first);
}

#[test]
fn listings_are_in_order_and_in_pages() {
    let store = open("lists");
    let mut paths = ["b", "a/b", "a", "a-b", "é", "a/c/d", "ab", "Z"];
    for path in paths {
        store.put_from(path, ANY, b"x", 1, false, &[("n", path)]).unwrap();
    }
    paths.sort_unstable();
    let names = |prefix: &str, after: &str, limit| -> Vec<String> {
        let entries = store.list(prefix, after, limit, 0).unwrap();
        assert!(entries.iter().all(|(_, info)| info.attributes.is_empty()));
        entries.into_iter().map(|(path, _)| path).collect()
    };
    assert_eq!(names("", "", 100), paths);
    assert_eq!(names("", "a", 3), paths[2..5]);
    assert_eq!(names("a/", "", 9), ["a/b", "a/c/d"]);
    assert_eq!(names("a/", "Z", 9), ["a/b", "a/c/d"]);
    assert_eq!(names("a/", "b", 9), [""; 0]);
    let with = store.list("", "", 1, raw::LIST_ATTRIBUTES).unwrap();
    assert_eq!(with[0].1.attributes, [("n".into(), "Z".into())]);
}

#[test]
fn a_source_that_breaks_its_word_writes_nothing() {
    let store = open("sources");
    for (length, fails) in [(2, false), (4, false), (3, true), (raw::LENGTH_UNKNOWN, true)] {
        let failure = store.put_from("s", ANY, b"123", length, fails, &[]).unwrap_err();
        assert_eq!((failure.status, failure.applied), (-17, 0));
    }
    assert_eq!(store.head("s").unwrap_err().status, -1);
}

#[test]
fn stores_of_one_name_share_and_missing_ones_are_not_found() {
    let failure = driver().open(raw::OPEN_EXISTING, &[("name", "shared")]).err().unwrap();
    assert_eq!(failure.status, -1);
    let (one, two) = (open("shared"), open("shared"));
    one.put("x", ANY, b"1").unwrap();
    assert_eq!(two.get("x", WHOLE, 0).unwrap(), b"1");
    assert!(driver().open(raw::OPEN_EXISTING, &[("name", "shared")]).is_ok());
    assert!(driver().describe().unwrap().contains("\"name\":\"name\""));
}

#[test]
fn no_update_of_many_threads_is_lost() {
    let store = open("threads");
    store.put("n", ANY, b"0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut done = 0;
                while done < 100 {
                    let version = store.head("n").unwrap().version;
                    let bytes = String::from_utf8(store.get("n", WHOLE, 0).unwrap()).unwrap();
                    let next = (bytes.parse::<u32>().unwrap() + 1).to_string();
                    done += store.put("n", (2, &version), next.as_bytes()).is_ok() as u32;
                }
            });
        }
    });
    assert_eq!(store.get("n", WHOLE, 0).unwrap(), b"400");
}
