"""A project folder with a store, and what lies in that store, read without Holdfast."""

import hashlib
import sqlite3
import stat
from pathlib import Path


class Project:
    """A folder with a `holdfast.yml` that names one store."""

    def __init__(self, folder: Path, kind: str):
        self.folder, self.kind = Path(folder), kind
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "holdfast.yml"
        self.configure()

    @property
    def place(self) -> Path:
        """The folder that holds everything the store writes."""
        return self.folder / ".holdfast"

    @property
    def database(self) -> Path:
        return self.place / "state.db"

    def configure(self, text: str | None = None) -> None:
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
            found = self.find_bytes(rows, path)
        return found

    def _legible_file(self, path: str) -> bytes | None:
        folder = self.place / "terraform"
        for name in (path, path + ".object"):
            if (folder / name).is_file():
                return (folder / name).read_bytes()
        return None

    def open_database(self) -> "Reading":
        return Reading(self.database)

    @staticmethod
    def find_bytes(rows: sqlite3.Connection, path: str) -> bytes | None:
        row = rows.execute(
            "SELECT data FROM holdfast_objects WHERE collection = 'terraform' AND path = ?", [path]
        ).fetchone()
        return None if row is None else _as_bytes(row[0])

    def contents(self) -> dict[str, str]:
        """Everything that the store holds, by name, to compare before and after."""
        if self.kind == "local" or not self.database.exists():
            return tree(self.place)
        with self.open_database() as rows:
            tables = [name for (name,) in rows.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return {table: _rows_digest(rows, table) for table in tables}


class Reading:
    """A read-only connection that is closed at the end of the block."""

    def __init__(self, database: Path):
        self.connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *_) -> None:
        self.connection.close()


def _as_bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


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
