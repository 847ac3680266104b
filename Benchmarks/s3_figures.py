"""Holdfast over S3 beside obstore, over a stub server with fixed replies."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
GIB = 1 << 30


class Stub:
    """The stub server; both sides ask the same one."""

    def __init__(self, program: Path):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self) -> "Stub":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Sides:
    """Runs either side in a process of its own; what it prints."""

    def __init__(self, bench, program: Path, drivers: Path, url: str):
        self.bench, self.program, self.drivers, self.url = bench, program, drivers, url
        self.folder = bench.folder / "s3"
        self.folder.mkdir()

    def ours(self, operation: str, *numbers: int, bucket: str = "bench") -> dict:
        return self._run([self.program, operation, "s3", self.drivers, self.folder, *numbers], {
            "AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1",
            "HOLDFAST_BENCH_BUCKET": bucket})

    def theirs(self, form: str, operation: str, count: int, clients: int = 1,
               bucket: str = "bench") -> dict:
        return self._run([sys.executable, HERE / "obstore_client.py", form, operation, self.url, bucket,
                          count, clients], {})

    def best(self, forms: list[str], operation: str, count: int, clients: int = 1,
             bucket: str = "bench") -> str:
        """The form of obstore that is the fastest here."""
        return max(forms, key=lambda form: self.theirs(form, operation, count, clients, bucket)["rate"])

    def turns(self, ours, theirs) -> list[tuple[dict, dict]]:
        return [(theirs(), ours()) for _ in range(self.bench.rounds)]

    @staticmethod
    def _run(command: list, environment: dict[str, str]) -> dict:
        done = subprocess.run([str(part) for part in command], env=os.environ | environment, text=True,
                              capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)


def median(turns: list[tuple[dict, dict]], side: int, name: str) -> float:
    return statistics.median(turn[side][name] for turn in turns)


def ratio(turns: list[tuple[dict, dict]], name: str) -> float:
    return statistics.median(ours[name] / theirs[name] for theirs, ours in turns)


def figures(bench, stub: Path, program: Path, drivers: Path) -> None:
    """Adds every figure of S3 to a run."""
    with Stub(stub) as server:
        sides = Sides(bench, program, drivers, server.url)
        for operation in ("gets", "puts"):
            for clients, count in ((1, 8000), (16, 24000), (64, 24000)):
                _small(bench, sides, operation, clients, count)
        _large(bench, sides, "down", ["stream", "stream-small", "ranges"])
        _large(bench, sides, "up", ["iterator", "iterator-4"])
        _lists(bench, sides)
        _threads(bench, sides)


def _small(bench, sides: Sides, operation: str, clients: int, count: int) -> None:
    count = count // 20 if bench.quick else count
    form = sides.best(["threads", "async"], operation, count // 4, clients)
    turns = sides.turns(lambda: sides.ours(operation, count, clients),
                        lambda: sides.theirs(form, operation, count, clients))
    name = f"s3 {operation[:-1]}, 4 KiB, {clients} at once"
    found = ratio(turns, "rate")
    bench.add(name, f"{median(turns, 1, 'rate'):.0f}/s",
              f"{median(turns, 0, 'rate'):.0f}/s obstore ({form})", ">= 0.9 x", found, found >= 0.9)
    cpu = ratio(turns, "cpu_us")
    bench.add(f"{name}, processor time", f"{median(turns, 1, 'cpu_us'):.0f} us",
              f"{median(turns, 0, 'cpu_us'):.0f} us obstore", "<= 1 x", cpu, cpu <= 1)


def _large(bench, sides: Sides, operation: str, forms: list[str]) -> None:
    form = sides.best(forms, operation, 1)
    turns = sides.turns(lambda: sides.ours(operation, 1), lambda: sides.theirs(form, operation, 1))
    found = ratio(turns, "rate")
    bench.add(f"s3, 1 GiB {operation}", f"{median(turns, 1, 'rate') / GIB:.2f} GiB/s",
              f"{median(turns, 0, 'rate') / GIB:.2f} GiB/s obstore ({form})", ">= 1 x", found, found >= 1)
    peak = max(ours["peak_kib"] for _, ours in turns) / 1024
    bench.add(f"s3, 1 GiB {operation}, peak memory", f"{peak:.0f} MiB",
              f"{median(turns, 0, 'peak_kib') / 1024:.0f} MiB obstore", "< 96 MiB", peak, peak < 96)


def _lists(bench, sides: Sides) -> None:
    small, large = (1000, 10_000) if bench.quick else (10_000, 100_000)
    bucket = f"b-{large}"
    form = sides.best(["dicts", "arrow"], "list", large, bucket=bucket)

    def ours() -> dict:
        found = sides.ours("list", 2, bucket=bucket)
        if found["entries"] != large:
            raise RuntimeError(f"{found['entries']} entries instead of {large}")
        return found | {"rate": large / found["ms"] * 1000}
    turns = sides.turns(ours, lambda: sides.theirs(form, "list", large, bucket=bucket))
    found = ratio(turns, "rate")
    bench.add(f"s3 list of {large} objects", f"{median(turns, 1, 'rate'):.0f}/s",
              f"{median(turns, 0, 'rate'):.0f}/s obstore ({form})", ">= 1 x", found, found >= 1)
    few = sides.ours("list", 2, bucket=f"b-{small}")["peak_after_kib"] / 1024
    extra = median(turns, 1, "peak_after_kib") / 1024 - few
    bench.add("memory of host and driver for 10 times the entries", f"{extra:+.1f} MiB", f"{few:.0f} MiB",
              "< 8 MiB more", extra, extra < 8)


def _threads(bench, sides: Sides) -> None:
    found = sides.ours("threads", 4 if bench.quick else 40, 256)
    own = found["driver_threads"]
    bench.add("s3, threads of the driver for 256 gets at once", str(own),
              f"{found['host_threads']} of the host, {found['waiting']} of them wait", "<= 8", own, own <= 8)
