"""Holdfast over PostgreSQL beside pgbench with the same statements, rows, connections and durability.

The statements are not written here: they are taken from the server's log of a run of Holdfast, and
pgbench sends the same, prepared, in the same order. What changes from call to call (the path, the
versions) are its variables.
"""

import json
import os
import re
import statistics
import subprocess
from pathlib import Path

from Servers.postgres import DATABASE, OWNER, PostgresServer, programs

# What the log starts a message with, so that one of several lines can be read again.
PREFIX = "~~%m~~ "
LIST = "bench-list"
WORKSPACE = "/bench/project"


class Statement:
    """One statement as a run of Holdfast sent it."""

    def __init__(self, text: str, detail: str):
        self.text = text
        found = re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", detail)
        self.parameters = {int(number): value for number, value in found}


class Postgres:
    """A server, the bench program over it, and pgbench."""

    def __init__(self, server: PostgresServer, program: Path, drivers: Path, folder: Path):
        self.server, self.program, self.drivers, self.folder = server, program, drivers, folder

    def ours(self, operation: str, *numbers: int) -> dict:
        """Runs Holdfast; what it prints."""
        done = subprocess.run(
            [self.program, operation, "postgres", self.drivers, self.folder, *map(str, numbers)],
            env=os.environ | {"HOLDFAST_STATE_POSTGRES_URL": self.server.url()}, text=True,
            capture_output=True)
        if done.returncode:
            raise RuntimeError(f"holdfast-bench {operation}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def statements(self, operation: str, count: int) -> list[Statement]:
        """What the server was asked by some calls of an operation, in order."""
        self.server.psql(f"alter role {OWNER} set log_statement = 'all'")
        before = self.server.log.stat().st_size
        try:
            self.ours(operation, count, 1)
        finally:
            self.server.psql(f"alter role {OWNER} reset log_statement")
        entries = self.server.log.read_bytes()[before:].decode(errors="replace").split("~~")
        found: list[Statement] = []
        for entry in entries:
            entry = entry.strip()
            if match := re.match(r"LOG:\s+(?:execute [^:]*|statement): (.*)", entry, re.S):
                found.append(Statement(match[1], ""))
            elif entry.startswith("DETAIL:") and found:
                found[-1] = Statement(found[-1].text, entry)
        return found

    def cycle(self, operation: str) -> list[Statement]:
        """The statements of one call, once everything is warm."""
        self.ours(operation, 1, 1)  # the first of all makes what the others find
        # As many calls go before, to warm up: four more calls in all.
        few, many = self.statements(operation, 3), self.statements(operation, 5)
        length, rest = divmod(len(many) - len(few), 4)
        if rest or not length:
            raise RuntimeError(f"{operation} sends {len(few)} and {len(many)} statements")
        # After the last call the store is closed, which asks the server nothing.
        return many[-length:]

    def pgbench(self, cycle: list[Statement], clients: int, seconds: float) -> float:
        """Cycles a second of the statements over so many connections."""
        script, variables = self._script(cycle)
        file = self.folder / "cycle.sql"
        file.write_text(script)
        self._reset(clients, cycle)
        command = [programs() / "pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p",
                   self.server.port, "-U", OWNER, "-c", clients, "-j", min(clients, 2), "-T",
                   max(1, round(seconds)), "-f", file, *variables, DATABASE]
        done = subprocess.run([str(part) for part in command], text=True, capture_output=True,
                              env=os.environ | {"PGPASSWORD": self.server.passwords[OWNER]})
        rate = re.search(r"tps = ([\d.]+) \(without", done.stdout)
        if done.returncode or rate is None:
            raise RuntimeError(f"pgbench: {done.stdout[-500:]}{done.stderr[-1500:]}\n{script}")
        return float(rate[1])

    def _script(self, cycle: list[Statement]) -> tuple[str, list[str]]:
        """Their text for pgbench, and the values of what stays the same."""
        lines, variables = [], ["-D", "last=0"]
        for number, statement in enumerate(cycle):
            text, writes = statement.text, "UPDATE" in statement.text and 10 in statement.parameters
            if writes:
                lines.append("\\set next :last + 1")
            for index, value in sorted(statement.parameters.items(), reverse=True):
                name = f"p{number}_{index}"
                if writes and index in (4, 10):
                    name = "next" if index == 4 else "last"
                elif index == 3 and "path = $3" in statement.text:
                    name = "client_id"
                elif value == "NULL":
                    text = re.sub(rf"\${index}\b", "NULL", text)
                    continue
                else:
                    variables += ["-D", f"{name}={value[1:-1].replace(chr(39) * 2, chr(39))}"]
                text = re.sub(rf"\${index}\b", f":{name}", text)
            lines.append(text.rstrip().rstrip(";") + ";")
            if writes:
                lines.append("\\set last :next")
        return "\n".join(lines) + "\n", variables

    def _reset(self, clients: int, cycle: list[Statement]) -> None:
        """Rows for pgbench's clients: copies of Holdfast's own under the clients' numbers."""
        for collection, path in {(each.parameters.get(1), each.parameters.get(3)) for each in cycle}:
            if not collection or not path:
                continue
            source = (f"from runfabric_receipts_objects where collection = {collection} and "
                      f"path = {path}")
            self.server.psql(
                f"delete from runfabric_receipts_objects where collection = {collection} and "
                f"path ~ '^[0-9]+$'; insert into runfabric_receipts_objects (collection, workspace_id, "
                f"path, version, size, updated_at, attributes, upload, data, bytes) select collection, "
                f"workspace_id, number::text, '0', size, updated_at, attributes, upload, data, bytes "
                f"from generate_series(0, {clients - 1}) number, lateral (select * {source}) as one")

    def fill(self, collection: str, first: int, last: int) -> None:
        """Small objects, as a deploy tool leaves them."""
        self.server.psql(
            "insert into runfabric_receipts_objects (collection, workspace_id, path, version, size, "
            f"updated_at, attributes, data) select '{collection}', '{WORKSPACE}', 'n/' || "
            f"lpad(n::text, 8, '0'), 'v' || n, 100, now(), '{{}}', repeat('x', 100) from "
            f"generate_series({first}, {last}) n", timeout=600)
        self.server.psql("vacuum analyze runfabric_receipts_objects", timeout=600)


def figures(bench, program: Path, drivers: Path) -> None:
    """Adds every figure of PostgreSQL to a run."""
    folder = bench.folder / "postgres"
    folder.mkdir()
    with PostgresServer(settings={"log_line_prefix": PREFIX, "max_wal_size": "4GB"}) as server:
        one = Postgres(server, program, drivers, folder)
        one.ours("gets", 1, 16)
        for name, operation, counts, targets in (
                ("get, 4 KiB", "gets", {1: 20000, 16: 40000}, {1: 0.7, 16: 0.85}),
                ("conditional put, 4 KiB", "replaces", {1: 4000, 16: 16000}, {1: 0.7, 16: 0.85}),
                ("lock and unlock", "locks", {1: 1000}, {1: 0.7})):
            cycle = one.cycle(operation)
            for clients, target in targets.items():
                _rate(bench, one, name, operation, cycle, clients, counts[clients], target)
        _sizes(bench, one)


def _rate(bench, one, name, operation, cycle, clients, count, target) -> None:
    seconds, count = (1, count // 20) if bench.quick else (4, count)
    turns = [(one.pgbench(cycle, clients, seconds), one.ours(operation, count, clients)["rate"])
             for _ in range(bench.rounds)]
    raw, ours = (statistics.median(turn[each] for turn in turns) for each in (0, 1))
    ratio = statistics.median(mine / theirs for theirs, mine in turns)
    at = f"{clients} connection{'s' if clients > 1 else ''}"
    bench.add(f"postgres {name}, {at}", f"{ours:.0f}/s",
              f"{raw:.0f}/s pgbench, {len(cycle)} statements", f">= {target} x", ratio, ratio >= target)


def _sizes(bench, one: Postgres) -> None:
    """Lists of many objects, and reads among many."""
    small, large, others = (1000, 10_000, 100_000) if bench.quick else (10_000, 100_000, 1_000_000)
    one.fill(LIST, 1, small)
    few = one.ours("list", 5)
    one.fill(LIST, small + 1, large)
    many = one.ours("list", 5)
    growth = many["ms"] / few["ms"] / (large / small)
    bench.add(f"postgres list of {large} objects", f"{many['ms']:.0f} ms",
              f"{few['ms']:.0f} ms for {small}", "<= 1.3 x as long for each", growth, growth <= 1.3)
    one.fill("bench-others", 1, others)
    crowded = one.ours("list", 5)
    ratio = crowded["ms"] / many["ms"]
    bench.add(f"the same beside {others} other rows", f"{crowded['ms']:.0f} ms", f"{many['ms']:.0f} ms",
              "<= 1.3 x", ratio, ratio <= 1.3)
    extra = (crowded["peak_after_kib"] - few["peak_after_kib"]) / 1024
    bench.add("memory of host and driver for 10 times the entries", f"{extra:+.1f} MiB",
              f"{few['peak_after_kib'] / 1024:.0f} MiB", "< 8 MiB more", extra, extra < 8)
    one.fill(LIST, large + 1, others)
    raw, ours = [], []
    for _ in range(bench.rounds):
        raw.append(_raw_reads(one, others, 1 if bench.quick else 4))
        ours.append(one.ours("random", 500 if bench.quick else 10_000, others)["rate"])
    ratio = statistics.median(theirs / mine for theirs, mine in zip(raw, ours))
    bench.add(f"postgres get among {others} objects", f"{1e6 / statistics.median(ours):.0f} us",
              f"{1e6 / statistics.median(raw):.0f} us pgbench", "<= 1.3 x", ratio, ratio <= 1.3)


def _raw_reads(one: Postgres, total: int, seconds: int) -> float:
    statement = one.cycle("gets")[-1].text
    script = (f"\\set number random(1, {total})\n" + statement.replace("$1", f"'{LIST}'")
              .replace("$2", f"'{WORKSPACE}'").replace("$3", "('n/' || lpad(:number::text, 8, '0'))"))
    file = one.folder / "random.sql"
    file.write_text(script.rstrip().rstrip(";") + ";\n")
    command = [programs() / "pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p",
               one.server.port, "-U", OWNER, "-c", 1, "-T", seconds, "-f", file, DATABASE]
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True,
                          env=os.environ | {"PGPASSWORD": one.server.passwords[OWNER]}, check=True)
    return float(re.search(r"tps = ([\d.]+) \(without", done.stdout)[1])
