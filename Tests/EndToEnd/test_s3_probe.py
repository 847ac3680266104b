"""The driver `s3` tries conditions out before it relies on them, on services that honour them or do not."""

import datetime
import json

import pytest

from Servers import server
from Servers.aws_stub import Answer, Stub
from Servers.fake_s3 import ALL, FakeS3
from blackbox.library import DriverFailed
from blackbox.s3 import PART, given, library

NONE, NATIVE = 0, 20
VERDICT = "p/.holdfast/probe/verdict.json"


@pytest.fixture(scope="module")
def ministack():
    with server("ministack_s3") as running:
        yield running


def levels(store) -> tuple[int, int]:
    found = store.capabilities()
    return found["condition.absent"][0], found["condition.version"][0]


def notes(store) -> str:
    found = store.capabilities()
    return found["condition.absent"][1] + " " + found["condition.version"][1]


def opened(fake: FakeS3, **changes):
    return library().open(given(fake.options, **changes))


def refused(body) -> DriverFailed:
    with pytest.raises(DriverFailed) as failed:
        body()
    return failed.value


def writes(fake: FakeS3) -> int:
    return sum(method in ("PUT", "POST", "DELETE") for method, _ in fake.requests)


# MARK: The verdict


def test_a_service_that_honours_conditions_is_found_out_once():
    with FakeS3() as fake:
        with opened(fake) as store:
            assert levels(store) == (NATIVE, NATIVE)
        assert list(fake.objects) == [VERDICT] and not fake.uploads
        kept = json.loads(fake.objects[VERDICT].data)
        assert kept["format"] == 1 and kept["bucket"] == "bucket" and kept["endpoint"] == fake.url
        assert set(kept["results"]) == ALL and set(kept["results"].values()) == {"honoured"}
        before = writes(fake)
        with opened(fake) as store:
            assert levels(store) == (NATIVE, NATIVE)
        assert writes(fake) == before, "it was tried out again"
        with opened(fake, probe="again") as store:
            assert levels(store) == (NATIVE, NATIVE)
        assert writes(fake) > before + 40


@pytest.mark.parametrize("change", [
    {"when": "2020-01-01T00:00:00Z"}, {"when": "2099-01-01T00:00:00Z"}, {"endpoint": "http://other"},
    {"bucket": "other"}, {"prefix": "q/"}, {"format": 2}, {"results": {}}, {"when": "yesterday"}])
def test_a_verdict_of_another_place_or_time_is_not_believed(change):
    with FakeS3() as fake:
        with opened(fake):
            kept = json.loads(fake.objects[VERDICT].data)
        fake.objects[VERDICT].data = json.dumps(kept | change).encode()
        before = writes(fake)
        with opened(fake) as store:
            assert levels(store) == (NATIVE, NATIVE)
        assert writes(fake) > before
        again = json.loads(fake.objects[VERDICT].data)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        assert again["format"] == 1 and again["when"] >= now


def test_a_verdict_is_believed_although_it_is_a_bad_one():
    with FakeS3(honours=()) as fake:
        with opened(fake) as store:
            assert levels(store) == (NONE, NONE)
        fake.honours = ALL
        with opened(fake) as store:
            assert levels(store) == (NONE, NONE) and "probe: again" in notes(store)
        with opened(fake, probe="again") as store:
            assert levels(store) == (NATIVE, NATIVE)


@pytest.mark.parametrize("change", [
    {"when": "2020-01-01T00:00:00Z"}, {"endpoint": "http://other"}, {"when": "yesterday"}])
def test_a_bad_verdict_does_not_become_good_by_itself(change):
    """Others may keep the locks of the bucket elsewhere since."""
    with FakeS3(honours=()) as fake:
        with opened(fake):
            kept = json.loads(fake.objects[VERDICT].data)
        fake.objects[VERDICT].data = json.dumps(kept | change).encode()
        fake.honours = ALL
        before = writes(fake)
        with opened(fake) as store:
            assert levels(store) == (NONE, NONE)
        assert writes(fake) == before
        with opened(fake, probe="again") as store:
            assert levels(store) == (NATIVE, NATIVE)


def test_of_two_verdicts_at_once_the_bad_one_counts():
    with FakeS3(honours=()) as fake:
        with opened(fake):
            bad = fake.objects.pop(VERDICT)
        fake.honours = ALL
        keep = fake._keep

        def kept(key, value):
            # Somebody else was quicker, and saw two winners.
            if "race-4" in key:
                fake.objects[VERDICT] = bad
            return keep(key, value)

        fake._keep = kept
        with opened(fake) as store:
            assert levels(store) == (NONE, NONE)
        assert fake.objects[VERDICT] is bad


# MARK: Services that do not honour them


def assert_refused(store, *kinds: str):
    version = store.put("a", b"1").version
    for kind in kinds:
        condition = "absent" if kind == "absent" else version
        failed = refused(lambda: store.put("a", b"2", condition))
        assert (failed.kind, failed.applied) == ("unsupported", "no"), failed
        assert "another store" in failed.message
    assert store.get("a")[1] == b"1"


@pytest.mark.parametrize("case", [{"honours": ()}, {"rejects": True}])
def test_a_service_that_ignores_or_rejects_them_is_refused(case):
    with FakeS3(**case) as fake, opened(fake) as store:
        assert levels(store) == (NONE, NONE)
        assert_refused(store, "absent", "version")
        assert "create:" in notes(store) and "replace:" in notes(store)
        # Everything else works.
        store.put("a", b"3")
        store.remove("a")
        assert store.list() == [] and set(fake.objects) == {VERDICT}


def test_creates_that_only_hold_one_after_the_other_are_refused():
    """The sequential trials pass there, and eight creates at once have several winners."""
    with FakeS3(honours=ALL - {"race"}) as fake, opened(fake) as store:
        kept = json.loads(fake.objects[VERDICT].data)["results"]
        assert kept.pop("race") != "honoured" and set(kept.values()) == {"honoured"}
        assert levels(store) == (NONE, NONE) and "at once" in notes(store)
        assert_refused(store, "absent", "version")


def test_only_what_is_honoured_is_offered():
    with FakeS3(honours=ALL - {"replace"}) as fake, opened(fake) as store:
        assert levels(store) == (NATIVE, NONE)
        assert_refused(store, "version")
        assert refused(lambda: store.put("a", b"2", "absent")).kind == "condition"


def test_without_conditional_removal_only_that_is_refused():
    with FakeS3(honours=ALL - {"remove"}) as fake, opened(fake) as store:
        assert levels(store) == (NATIVE, NATIVE) and "removing" in notes(store)
        version = store.put("a", b"1", "absent").version
        failed = refused(lambda: store.remove("a", version))
        assert (failed.kind, failed.applied) == ("unsupported", "no") and "remove:" in failed.message
        assert store.get("a")[1] == b"1"
        store.put("a", b"2", version)
        store.remove("a")


def test_without_conditional_completion_large_objects_go_in_one_request():
    data = bytes(range(256)) * (PART // 256 + 10)
    with FakeS3(honours=ALL - {"complete"}) as fake, opened(fake) as store:
        assert levels(store) == (NATIVE, NATIVE) and "one request" in notes(store)
        fake.requests.clear()
        info = store.put("big", data, "absent")
        assert [method for method, _ in fake.requests] == ["HEAD", "PUT"]
        found, bytes_back = store.get("big")
        assert found.version == info.version and bytes_back == data
        assert refused(lambda: store.put("big", data, "absent")).kind == "condition"
        assert refused(lambda: store.put("big", iter([data]), info.version)).kind == "unsupported"
        assert store.put("big", data + b"x", info.version).size == len(data) + 1
        # Without a condition the parts are as good as ever.
        fake.requests.clear()
        store.put("big", iter([data]))
        assert any("uploadId" in path for _, path in fake.requests)


# MARK: Rights


def test_without_the_right_to_write_reading_works_and_the_note_says_so(ministack):
    with library().open(given(ministack.options, prefix="rights")) as store:
        store.put("a", b"1")
    verdict = "rights/.holdfast/probe/verdict.json"
    ministack.client("s3").delete_object(Bucket=ministack.bucket, Key=verdict)

    def answer(request):
        if request.method in ("PUT", "POST", "DELETE"):
            return Answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        return None

    with Stub(answer, int(ministack.port)) as stub:
        options = given(ministack.options, prefix="rights", endpoint=stub.url)
        with library().open(options, existing=True) as store:
            assert store.get("a")[1] == b"1" and store.list() == ["a"]
            assert levels(store) == (NONE, NONE) and "s3:PutObject" in notes(store)
            assert refused(lambda: store.put("a", b"2")).kind == "forbidden"
            assert refused(lambda: store.put("a", b"2", "absent")).kind == "unsupported"


def test_what_one_key_may_not_do_is_no_verdict_on_the_service():
    def answer(request):
        if request.method == "DELETE":
            return Answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        return None

    with FakeS3() as fake, Stub(answer, fake.server.server_address[1]) as stub:
        with library().open(given(fake.options, endpoint=stub.url)) as store:
            assert levels(store) == (NATIVE, NATIVE) and "removing" in notes(store)
            version = store.put("a", b"1", "absent").version
            assert "s3:DeleteObject" in refused(lambda: store.remove("a", version)).message
        assert VERDICT not in fake.objects


def test_a_service_that_is_away_is_not_judged():
    with FakeS3() as fake:
        def answer(request):
            return Answer(500, b"") if request.method == "POST" else None

        with Stub(answer, fake.server.server_address[1]) as stub:
            failed = refused(lambda: library().open(given(fake.options, endpoint=stub.url)))
            assert failed.kind == "unavailable" and failed.applied == "no"
        assert VERDICT not in fake.objects
