"""A project folder with a store, and what lies in that store, read without Holdfast."""

import hashlib
import sqlite3
import stat
from pathlib import Path

from blackbox.databases import Database

# The local driver's files of those who have the store open: they hold no data.
LOCKS = ".locks"
# Where it writes before a file gets its name: nothing may be left there.
TEMPORARY = ".tmp"


class Project:
    """A folder with a `holdfast.yml` that names one store."""

    def __init__(self, folder: Path, kind: str, database: Database | None = None):
        self.folder, self.kind, self.remote = Path(folder), kind, database
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "holdfast.yml"
        self.configure()

    @property
    def environment(self) -> dict[str, str]:
        """What programs need in their environment to use the store."""
        return self.remote.environment if self.remote else {}

    @property
    def place(self) -> Path:
        """The folder that holds everything the store writes."""
        return self.folder / ".holdfast"

    @property
    def database(self) -> Path:
        return self.place / "state.db"

    def configure(self, text: str | None = None) -> None:
        if text is None and self.remote:
            text = self.remote.block
        backend = {
            "local": "backend:\n  kind: local\n",
            "sqlite": "backend:\n  kind: sqlite\n  sqlitePath: .holdfast/state.db\n",
        }
        self.config.write_text(text if text is not None else backend[self.kind])

    # What someone sees who has only `ls` or `sqlite3`.

    def legible(self, path: str) -> bytes | None:
        """A Terraform state's bytes as the store shows them; None where it shows none."""
        if self.kind == "local":
            return self._legible_file(path)
        with self.open_database() as rows:
            return _object_bytes(rows, path)

    def _legible_file(self, path: str) -> bytes | None:
        folder = self.place / "terraform"
        for name in (path, path + ".object"):
            if (folder / name).is_file():
                return (folder / name).read_bytes()
        return None

    def open_database(self) -> "Reading":
        return Reading(self.database)

    def contents(self) -> dict[str, str]:
        """Everything that the store holds, by name, to compare before and after."""
        if self.remote:
            return self.remote.contents()
        if self.kind == "local" or not self.database.exists():
            return {name: digest for name, digest in tree(self.place).items()
                    if not name.startswith(LOCKS)}
        with self.open_database() as rows:
            tables = [name for (name,) in rows.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return {table: _rows_digest(rows, table) for table in tables}

    def strays(self) -> list[str]:
        """What crashed writers left and nobody will read; nothing once the store was reopened."""
        if self.kind == "local":
            return [str(path) for path in (self.place / TEMPORARY).rglob("*")]
        with self.open_database() as rows:
            loose = rows.execute("SELECT 'upload ' || upload || ' ' || state FROM uploads "
                                 "WHERE state <> 'stored'").fetchall()
            lost = rows.execute("SELECT DISTINCT 'chunks of ' || upload FROM chunks WHERE upload "
                                "NOT IN (SELECT upload FROM objects WHERE upload IS NOT NULL "
                                "UNION SELECT upload FROM runfabric_receipts WHERE upload IS NOT "
                                "NULL)").fetchall()
        return [text for (text,) in loose + lost]

    def stored_versions(self, path: str) -> int:
        """How many version objects lie in the store for a state, committed or not."""
        if self.kind == "local":
            folder = self.place / "terraform-versions" / path
            return sum(1 for file in folder.rglob("*") if file.is_file() and ".meta" not in file.name)
        with self.open_database() as rows:
            return rows.execute(
                "SELECT count(*) FROM objects WHERE collection = 'terraform-versions' AND "
                "path NOT LIKE '%.meta' AND "
                "substr(path, 1, ?) = ?", [len(path) + 1, path + "/"]).fetchone()[0]


class Reading:
    """A read-only connection that is closed at the end of the block."""

    def __init__(self, database: Path):
        self.connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *_) -> None:
        self.connection.close()


def _object_bytes(rows: sqlite3.Connection, path: str) -> bytes | None:
    row = rows.execute(
        "SELECT CAST(data AS BLOB), upload FROM objects WHERE collection = 'terraform' "
        "AND path = ?", [path]).fetchone()
    if row is None or row[1] is None:
        return None if row is None else row[0]
    parts = rows.execute("SELECT data FROM chunks WHERE upload = ? ORDER BY number", [row[1]])
    return b"".join(part for (part,) in parts)


def _rows_digest(rows: sqlite3.Connection, table: str) -> str:
    digests = sorted(
        hashlib.sha256(repr(row).encode()).hexdigest()
        for row in rows.execute(f'SELECT * FROM "{table}"'))
    return f"{len(digests)} rows " + hashlib.sha256("".join(digests).encode()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with the digest of its bytes; folders by name alone."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir():
            found[name] = "folder"
    return found


def modes(folder: Path) -> dict[str, str]:
    """The permission bits of everything at and below a folder."""
    paths = [folder, *folder.rglob("*")]
    return {str(p.relative_to(folder.parent)): oct(stat.S_IMODE(p.lstat().st_mode)) for p in paths}
