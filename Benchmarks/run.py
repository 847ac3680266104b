#!/usr/bin/env python3
"""Measures every figure that the project promises, in one run, each beside its baseline.

    Benchmarks/run.py [--quick] [--rounds N] [NAME …]

Baseline and subject take turns, and a figure is the median of the ratios of the turns: what the
machine does meanwhile then meets both. The table goes to stderr, the results as JSON to stdout.
It ends with 1 when a target is missed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Tests"), str(HERE)]

from blackbox.cli import CommandLine  # noqa: E402
from blackbox.dist import REPOSITORY, clean_environment, dist, missing  # noqa: E402
from blackbox.processes import Daemon  # noqa: E402
from blackbox.project import Project  # noqa: E402
from blackbox.terraform import state  # noqa: E402
from drivers import NoOpDrivers  # noqa: E402
import postgres_figures  # noqa: E402
import s3_figures  # noqa: E402
from load import Cycles, peak_growth, process_time, wrk  # noqa: E402
from million import sqlite_million  # noqa: E402


@dataclass
class Figure:
    name: str
    subject: str
    baseline: str
    target: str
    ratio: float | None
    passed: bool | None  # None: reported, without a target


class Bench:
    def __init__(self, options, folder: Path):
        self.folder, self.rounds, self.quick = folder, options.rounds, options.quick
        self.figures: list[Figure] = []
        self.built = REPOSITORY / ".build/release"

    def compile(self) -> None:
        for name, libraries in (("sqlite_baseline", ["-lsqlite3"]), ("local_baseline", []),
                                ("s3_stub", [])):
            subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", self.folder / name,
                            HERE / f"{name}.c", *libraries], check=True)

    def add(self, name, subject, baseline="", target="", ratio=None, passed=None) -> None:
        self.figures.append(Figure(name, subject, baseline, target, ratio, passed))
        print(f"{'' if passed is None else 'pass ' if passed else 'MISS '}{name}: {subject}"
              + (f", baseline {baseline}" if baseline else ""), file=sys.stderr, flush=True)

    # ---- Host, interface and driver against a raw C loop ----------------------------------------

    def store(self, driver: str) -> None:
        for operation, count in (("get", 20000), ("put", 3000)):
            turns = self._turns(driver, operation, count)
            raw, ours = (statistics.median(turn[each]["median_us"] for turn in turns)
                         for each in (0, 1))
            ratio = statistics.median(t[1]["median_us"] / t[0]["median_us"] for t in turns)
            extra = statistics.median(t[1]["median_us"] - t[0]["median_us"] for t in turns)
            if operation == "put":
                self.add(f"{driver} durable put, 4 KiB", f"{ours:.1f} us", f"{raw:.1f} us",
                         "<= 1.10 x", ratio, ratio <= 1.10)
            elif driver == "sqlite":
                self.add("sqlite get, 4 KiB", f"{ours:.1f} us", f"{raw:.1f} us",
                         "<= raw + 20 us", extra, extra <= 20)
            else:
                self.add("local get, 4 KiB", f"{ours:.1f} us", f"{raw:.1f} us", ratio=ratio)
        if driver == "sqlite":
            self._group_commit()

    def _turns(self, driver: str, operation: str, count: int) -> list[tuple[dict, dict]]:
        count = count // 20 if self.quick else count
        return [(self._baseline(driver, operation, count), self._subject(driver, operation, count))
                for _ in range(self.rounds)]

    def _baseline(self, driver: str, operation: str, count: int) -> dict:
        return self.baseline(driver, operation, count, self.folder / f"{driver}-raw")

    def _subject(self, driver: str, operation: str, count: int) -> dict:
        return self.subject(driver, operation, count, self.folder / f"{driver}-ours")

    def baseline(self, driver: str, operation: str, count: int, place: Path, *objects: int) -> dict:
        place.mkdir(exist_ok=True)
        return _json(self.folder / f"{driver}_baseline", operation, place, count, *objects)

    def subject(self, driver: str, operation: str, count: int, place: Path, *objects: int) -> dict:
        place.mkdir(exist_ok=True)
        return _json(self.built / "holdfast-bench", operation, driver,
                     dist() / "lib/holdfast/drivers", place, count, *objects)

    def _group_commit(self) -> None:
        count = 160 if self.quick else 16000
        turns = [(self._baseline("sqlite", "put", 20 if self.quick else 3000),
                  self._subject("sqlite", "put16", count)) for _ in range(self.rounds)]
        ratio = statistics.median(turn[1]["rate"] / turn[0]["rate"] for turn in turns)
        raw, ours = (statistics.median(turn[each]["rate"] for turn in turns) for each in (0, 1))
        self.add("sqlite, 16 writers", f"{ours:.0f}/s", f"{raw:.0f}/s", ">= 3 x", ratio, ratio >= 3)

    def postgres(self) -> None:
        postgres_figures.figures(self, self.built / "holdfast-bench", dist() / "lib/holdfast/drivers")

    def s3(self) -> None:
        s3_figures.figures(self, self.folder / "s3_stub", self.built / "holdfast-bench",
                           dist() / "lib/holdfast/drivers")

    # ---- The driver interface alone -------------------------------------------------------------

    def calls(self) -> None:
        drivers = NoOpDrivers(self.folder / "noop", REPOSITORY / "sdk")
        turns = [_json(drivers.built / "call-bench", *drivers.arguments,
                       *(["--quick"] if self.quick else [])) for _ in range(self.rounds)]
        for operation in turns[0]:
            median = {name: statistics.median(turn[operation][name] for turn in turns)
                      for name in turns[0][operation]}
            for language in ("C", "Swift"):
                extra = statistics.median(turn[operation][language] - turn[operation]["direct"]
                                          for turn in turns)
                is_judged = language == "C"
                self.add(f"call of {operation}, {language} driver", f"{median[language]:.0f} ns",
                         f"{median['direct']:.0f} ns direct", "< direct + 200 ns" if is_judged else "",
                         extra, extra < 200 if is_judged else None)

    def isolation(self) -> None:
        drivers = NoOpDrivers(self.folder / "isolation", REPOSITORY / "sdk")
        bench = REPOSITORY / "sdk/.build/release/holdfast-isolation-bench"
        turns = [_json(bench, drivers.arguments[0], dist() / "bin/holdfast-driver-host")
                 for _ in range(1 if self.quick else self.rounds)]
        figures = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
        for call in ("get 4 KiB", "put 4 KiB", "head"):
            ours = figures[f"process {call} median ns"]
            self.add(f"call in a process of its own, {call}",
                     f"{ours / 1000:.1f} us, p99 {figures[f'process {call} p99 ns'] / 1000:.0f} us",
                     f"{figures[f'in-process {call} median ns'] / 1000:.2f} us in-process",
                     "< 100 us", ours / 1000, ours < 100_000)
        for call in ("get 1 GiB", "put 1 GiB"):
            rate = figures[f"{call} bytes/s"] / (1 << 30)
            self.add(f"{call}, in a process of its own", f"{rate:.1f} GiB/s", "", ">= 1 GiB/s", rate,
                     rate >= 1)
        self.add("start of a driver's process", f"{figures['load and start ns'] / 1e6:.0f} ms",
                 f"open {figures['open ns'] / 1e6:.0f} ms")

    # ---- The daemon -----------------------------------------------------------------------------

    def requests(self) -> None:
        seconds = 1 if self.quick else 5
        port = _free_port()
        empty = subprocess.Popen([self.built / "empty-route", str(port)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for kind in ("sqlite", "local"):
                daemon = self._daemon(f"requests-{kind}", kind)
                daemon.client("x").post(state(1, blob="r" * 3800))
                url = f"http://127.0.0.1:{daemon.port}/terraform/x"
                turns = [(wrk(f"http://127.0.0.1:{port}/empty", seconds), wrk(url, seconds))
                         for _ in range(self.rounds)]
                daemon.stop()
                ratio = statistics.median(ours / raw for raw, ours in turns)
                raw, ours = (statistics.median(turn[each] for turn in turns) for each in (0, 1))
                self.add(f"daemon GET, 4 KiB, {kind}, 32 connections", f"{ours:.0f}/s",
                         f"{raw:.0f}/s empty route", ">= 0.5 x", ratio, ratio >= 0.5)
        finally:
            empty.kill()
            empty.wait()

    def cycles(self) -> None:
        for kind in ("sqlite", "local"):
            daemon = self._daemon(f"cycles-{kind}", kind)
            for writers in (1, 8):
                found = Cycles(daemon.port, writers, 1 if self.quick else 8).report()
                self.add(f"LOCK, GET, POST, UNLOCK, {kind}, {writers} at once",
                         f"{found['cycles_per_second']:.0f} cycles/s, p50 {found['p50_ms']:.2f} ms, "
                         f"p99 {found['p99_ms']:.2f} ms")
            daemon.stop()

    def memory(self) -> None:
        size = (64 if self.quick else 1024) << 20
        for kind in ("sqlite", "local"):
            daemon = self._daemon(f"memory-{kind}", kind)
            found = peak_growth(daemon, size)
            daemon.stop()
            worst = max(found["up_mib"], found["down_mib"])
            self.add(f"peak memory above idle, 1 GiB, {kind}",
                     f"{found['up_mib']:.0f} MiB up ({found['up_mib_per_second']:.0f} MiB/s), "
                     f"{found['down_mib']:.0f} MiB down ({found['down_mib_per_second']:.0f} MiB/s)",
                     f"idle {found['idle_mib']:.0f} MiB", "< 64 MiB", worst, worst < 64)

    def _daemon(self, name: str, kind: str) -> Daemon:
        return Daemon(Project(self.folder / name, kind)).wait_until_listening()

    # ---- The command line -----------------------------------------------------------------------

    def processes(self) -> None:
        project = Project(self.folder / "processes", "local")
        cli = CommandLine(project)
        for number in range(10):
            cli.ok("state", "push", f"terraform/s/{number}", "-", input=state(1))
        binary, environment = str(dist() / "bin/holdfast"), clean_environment()
        nothing = process_time(["/bin/true"], project.folder, environment)
        for arguments, target in ((["version"], 10), (["state", "list"], 25)):
            took = process_time([binary, *arguments], project.folder, environment)
            self.add(f"holdfast {' '.join(arguments)}", f"{took:.1f} ms",
                     f"/bin/true {nothing:.1f} ms", f"< {target} ms", took, took < target)


def _json(*command) -> dict:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
    return json.loads(done.stdout)


def _free_port() -> int:
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def table(figures: list[Figure]) -> str:
    rows = [("figure", "measured", "baseline", "target", "ratio", "")]
    for each in figures:
        verdict = {True: "pass", False: "MISS", None: ""}[each.passed]
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        rows.append((each.name, each.subject, each.baseline, each.target, ratio, verdict))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def main() -> int:
    parts = {"calls": Bench.calls, "isolation": Bench.isolation,
             "sqlite": lambda b: b.store("sqlite"), "sqlite-million": sqlite_million,
             "local": lambda b: b.store("local"), "postgres": Bench.postgres, "s3": Bench.s3,
             "requests": Bench.requests, "cycles": Bench.cycles, "processes": Bench.processes,
             "memory": Bench.memory}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="checks the harness, measures nothing")
    parser.add_argument("--folder", type=Path, help="where the stores lie; its disk is measured")
    options = parser.parse_args()
    if unknown := set(options.names) - set(parts):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(parts)}")
    if names := missing():
        print(f"{dist()} lacks {', '.join(names)}; run `make build`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=options.folder) as folder:
        bench = Bench(options, Path(folder))
        bench.compile()
        for name, part in parts.items():
            if not options.names or name in options.names:
                part(bench)
    print("\n" + table(bench.figures), file=sys.stderr)
    print(json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                      "figures": [asdict(each) for each in bench.figures]}, indent=2))
    return 1 if any(each.passed is False for each in bench.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
