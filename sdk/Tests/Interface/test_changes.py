"""What scripts/check-abi says to each kind of change of the driver interface."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


class Interface:
    """A copy of the SDK's interface, to be changed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.header = folder / "include/holdfast/driver.h"
        for name in ("include", "abi"):
            shutil.copytree(REPOSITORY / "sdk" / name, folder / name)

    def change(self, pattern: str, replacement: str) -> None:
        """Replaces the only place that matches, and brings the generated files up to date."""
        text, count = re.subn(pattern, replacement, self.header.read_text(), flags=re.M)
        assert count == 1, f"{pattern} is there {count} times"
        self.header.write_text(text)
        self.generate()

    def generate(self) -> None:
        code = ("import sys; from pathlib import Path; from interface import layout;"
                "layout.write(Path(sys.argv[1]) / 'include', Path(sys.argv[1]) / 'abi')")
        subprocess.run([sys.executable, "-B", "-c", code, self.folder],
                       cwd=REPOSITORY / "scripts", check=True)

    def set(self, name: str, value: int) -> None:
        self.change(rf"^#define HOLDFAST_{name} \d+u$", f"#define HOLDFAST_{name} {value}u")

    def number(self, name: str) -> int:
        return int(re.search(rf"HOLDFAST_{name} (\d+)u", self.header.read_text())[1])

    def freeze(self) -> None:
        self.set("DRAFT", 0)
        assert self.check("--record").returncode == 0

    def check(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, REPOSITORY / "scripts/check-abi", "--sdk", self.folder, *arguments],
            capture_output=True, text=True)

    def passes(self) -> str:
        done = self.check()
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self) -> str:
        done = self.check()
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr


@pytest.fixture
def interface(tmp_path) -> Interface:
    return Interface(tmp_path / "sdk")


# A field at the end, and everything else that may be done to a struct or a number.
APPEND = (r"^} holdfast_info;", "    uint64_t later;\n} holdfast_info;")
APPEND_FUNCTION = (r"^} holdfast_driver;",
                   "    holdfast_status (*later)(void *store, const holdfast_call *call);\n"
                   "} holdfast_driver;")
BREAKS = {
    "inserted": (r"^    uint64_t bytes;$", "    uint64_t earlier;\n    uint64_t bytes;"),
    "removed": (r"^    int64_t modified_ns;\n", ""),
    "reordered": (r"^(    uint64_t bytes;)\n(    int64_t modified_ns;)", r"\2\n\1"),
    "resized": (r"^    uint64_t bytes;$", "    uint32_t bytes, reserved;"),
    "retyped": (r"^    int64_t modified_ns;$", "    uint64_t modified_ns;"),
    "renamed": (r"^    int64_t modified_ns;$", "    int64_t changed_ns;"),
    "frozen": (r"^} holdfast_text;", "    uint64_t later;\n} holdfast_text;"),
    "parameter": (r"\(\*stop\)\(void \*driver, ", "(*stop)(void *driver, uint32_t why, "),
    "result": (r"int32_t \(\*cancelled\)", "uint32_t (*cancelled)"),
    "alias": (r"^typedef uint32_t holdfast_level;", "typedef int32_t holdfast_level;"),
    "number": (r"^#define HOLDFAST_THROTTLED \(-6\)", "#define HOLDFAST_THROTTLED (-19)"),
    "text": (r'"condition\.absent"', '"condition.missing"'),
    "entry": (r"^(holdfast_status holdfast_driver_main_v1\()", r"\1uint32_t major, "),
}


def test_the_interface_is_what_was_recorded(interface):
    names = [f"draft-{number}" for number in range(1, int(interface.number("DRAFT")) + 1)]
    assert f"recorded: {', '.join(names)}" in interface.passes()


def test_generated_files_are_current_or_refused(interface):
    for name in ("layout.h", "anchor.c"):
        path = interface.folder / "abi" / name
        path.write_text(path.read_text() + "\n")
        assert f"{name} is not that of the headers; run scripts/generate-layout" in interface.fails()
        interface.generate()
        interface.passes()


@pytest.mark.parametrize("change", [APPEND, BREAKS["resized"], BREAKS["number"]])
def test_a_draft_changes_only_with_its_number(interface, change):
    interface.change(*change)
    assert "raise HOLDFAST_DRAFT" in interface.fails()
    interface.set("DRAFT", interface.number("DRAFT") + 1)
    assert "is not recorded yet; it differs from" in interface.passes()


def test_the_text_of_a_draft_changes_only_with_its_number(interface):
    interface.change(r"^//    Calls block\.", "//    Calls wait.")
    assert "the text of driver.h differs" in interface.fails()
    assert interface.check("--record").returncode == 1
    interface.set("DRAFT", interface.number("DRAFT") + 1)
    assert "in its text only" in interface.passes()
    interface.set("DRAFT", 1)
    assert "went back" in interface.fails()


def test_another_header_is_checked_once_it_is_recorded(interface):
    other = interface.folder / "include/holdfast/example.h"
    text = ('#include "driver.h"\ntypedef struct holdfast_example {\n'
            "    uint32_t size, flags;\n    holdfast_text name;\n} holdfast_example;\n")
    other.write_text(text)
    interface.generate()
    assert "not recorded yet: example.h" in interface.passes()
    assert interface.check("--record").returncode == 0
    assert "example.h" not in interface.passes()
    other.write_text(text.replace("holdfast_text name", "uint64_t name"))
    interface.generate()
    assert "holdfast_example" in interface.fails()


@pytest.mark.parametrize("change", [APPEND, APPEND_FUNCTION], ids=["field", "function"])
def test_a_frozen_interface_grows_by_a_minor_version(interface, change):
    interface.freeze()
    interface.change(*change)
    assert "raise HOLDFAST_ABI_MINOR" in interface.fails()
    interface.set("ABI_MINOR", 1)
    assert "1.1 is not recorded yet" in interface.passes()
    assert interface.check("--record").returncode == 0
    assert "not recorded" not in interface.passes()


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS)
def test_a_frozen_interface_changes_in_no_other_way(interface, change):
    interface.freeze()
    interface.change(*change)
    interface.set("ABI_MINOR", 1)
    assert "no longer fits drivers that were built for 1.0: append" in interface.fails()


@pytest.mark.parametrize("name", ["resized", "retyped", "parameter"])
def test_an_appended_field_hides_no_other_change(interface, name):
    interface.freeze()
    interface.change(*APPEND)
    interface.change(*APPEND_FUNCTION)
    interface.change(*BREAKS[name])
    interface.set("ABI_MINOR", 1)
    assert "no longer fits" in interface.fails()


def test_what_is_frozen_stays_frozen(interface):
    interface.freeze()
    interface.set("DRAFT", 9)
    assert "is frozen: HOLDFAST_DRAFT must be 0" in interface.fails()


GRAMMAR = {
    "_Bool flag;": "_Bool", "int count;": "no type", "long offset;": "no type",
    "size_t length;": "no type", "uint16_t port;": "no type", "uint32_t mode : 3;": "no field",
    "enum kind kind;": "no field", "uint8_t bytes[16];": "no field", "void *items[2];": "no field",
    "struct stat *facts;": "no field", "FILE *file;": "does not have",
    "const void *items; uint32_t item_count, reserved_too;": "has no item_stride",
    "uint64_t whole; uint32_t half;": "ends in padding", "uint32_t half; uint64_t whole;": "padding",
    "holdfast_key key;": "could never grow",
    "int (*call)(void *context);": "no type", "void (*log)(const char *format, ...);": "parameter",
    "void (*call)(holdfast_key key);": "could never grow",
    "void (*each)(const void *items, uint32_t count);": "without the stride",
}


@pytest.mark.parametrize("member", GRAMMAR)
def test_the_grammar_of_structs(interface, member):
    other = interface.folder / "include/holdfast/example.h"
    other.write_text("typedef struct holdfast_example {\n    uint32_t size, flags;\n"
                     f"    {member}\n}} holdfast_example;\n")
    error = interface.fails()
    assert GRAMMAR[member] in error and "example.h:" in error


@pytest.mark.parametrize("text, words", [
    ("typedef struct holdfast_x {\n uint64_t id;\n} holdfast_x;", "start with `uint32_t size`"),
    ("typedef struct holdfast_x {\n uint32_t flags, size;\n} holdfast_x;", "start with"),
    ("typedef union holdfast_x {\n uint32_t size;\n} holdfast_x;", "nothing that the grammar has"),
    ("enum holdfast_x { A };", "nothing that the grammar has"),
    ("typedef long holdfast_x;", "no number"), ("extern int32_t holdfast_x;", "nothing that"),
    ("#include <stdbool.h>", "includes"), ("#pragma pack(1)", "uses #pragma"),
    ("#define LIMIT 3u", "does not start with HOLDFAST_"),
    ("#define HOLDFAST_LIMIT sizeof(void *)", "neither a number nor a text"),
    ("#define HOLDFAST_LIMIT 1u\n#define HOLDFAST_LIMIT 2u", "twice"),
])
def test_the_grammar_of_headers(interface, text, words):
    (interface.folder / "include/holdfast/example.h").write_text(text + "\n")
    assert words in interface.fails()
