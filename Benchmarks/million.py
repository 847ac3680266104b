"""A get where a great many objects are stored, against the same statement in a C loop on the same file."""

import sqlite3
import statistics
from pathlib import Path

# What the driver writes itself, by its own statement's columns; one transaction, because only reads count.
FILL = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)
INSERT INTO objects (collection, workspace_id, path, version, size, modified_ns, attributes, data, updated_at)
SELECT 'bench', '/bench/project', 'object-' || n || '/state', lower(hex(randomblob(16))), 1024,
  1700000000000000000 + n, '{"write-id":"0123456789abcdef0123456789abcdef"}', hex(zeroblob(512)),
  '2023-11-14T22:13:20.000Z' FROM numbers
"""


def fill(database: Path, objects: int) -> None:
    rows = sqlite3.connect(database, isolation_level=None)
    rows.execute("BEGIN")
    rows.execute(FILL, (objects,))
    rows.execute("COMMIT")
    rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows.close()


def sqlite_million(bench) -> None:
    """Driver and C loop read the same file in turns, so that both find it equally warm."""
    objects = 10_000 if bench.quick else 1_000_000
    count = 500 if bench.quick else 50_000
    place = bench.folder / "sqlite-million"
    (place / "raw").mkdir(parents=True)
    bench.subject("sqlite", "get", 1, place)
    fill(place / ".holdfast/state.db", objects)
    (place / "raw/baseline.db").symlink_to(place / ".holdfast/state.db")
    turns = [(bench.baseline("sqlite", "get", count, place / "raw", objects),
              bench.subject("sqlite", "get", count, place, objects)) for _ in range(bench.rounds)]
    raw, ours = (statistics.median(turn[each]["median_us"] for turn in turns) for each in (0, 1))
    ratio = statistics.median(turn[1]["median_us"] / turn[0]["median_us"] for turn in turns)
    bench.add(f"sqlite get, 1 KiB of {objects}", f"{ours:.1f} us", f"{raw:.1f} us", "<= 1.30 x", ratio,
              ratio <= 1.30)
