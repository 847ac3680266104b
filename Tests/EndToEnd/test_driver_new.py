"""New drivers from the installed templates: made, built with one command, and loaded."""

import json
import shutil
import subprocess

import pytest

from blackbox.cli import assert_one_error
from blackbox.dist import clean_environment, dist
from blackbox.project import tree

FAILURE, USAGE = 1, 2
LANGUAGES = ["c", "cpp", "rust", "swift"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_is_made(holdfast, tmp_path, language):
    done = holdfast("driver", "new", "acme-2", "--language", language, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == b"" and b"make -C acme-2" in done.stderr
    texts = {path: path.read_text() for path in (tmp_path / "acme-2").rglob("*") if path.is_file()}
    assert {"Makefile", "README.md", "driver.toml"} <= {path.name for path in texts}
    for path, text in texts.items():
        assert not any(word in text for word in ("@ID@", "@NAME@", "@SDK@")), path
        assert path.stat().st_mode & 0o022 == 0
    manifest = (tmp_path / "acme-2/driver.toml").read_text()
    assert 'id = "acme-2"' in manifest and 'name = "Acme-2"' in manifest
    assert f'language = "{language}"' in manifest


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_it_builds_and_loads(holdfast, tmp_path, language):
    holdfast("driver", "new", "acme", "--language", language, "--folder", tmp_path / "here")
    subprocess.run(["make", "--silent", "-C", tmp_path / "here"], check=True,
                   env=clean_environment())
    assert holdfast("driver", "inspect", tmp_path / "here/build/acme").returncode == 0
    done = holdfast("driver", "info", "acme", "--driver-path", tmp_path / "here/build", "--json")
    assert json.loads(done.stdout)["driver"]["id"] == "acme", done.stderr


def test_json(holdfast, tmp_path):
    done = holdfast("driver", "new", "acme", "--language", "c", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {"format_version": 1, "project": {
        "id": "acme", "language": "c", "folder": "acme", "builds": "acme/build/acme"}}


@pytest.mark.parametrize("name", ["Acme", "2acme", "a" * 33, "a/b", "a b", "ä", "..", "", "a\n"])
def test_a_bad_name(holdfast, tmp_path, name):
    done = holdfast("driver", "new", name, "--language", "c", cwd=tmp_path)
    assert_one_error(done, USAGE, "cannot be a driver's name")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_language(holdfast, tmp_path):
    done = holdfast("driver", "new", "acme", "--language", "cobol", cwd=tmp_path)
    assert_one_error(done, USAGE, "cobol", "swift")
    assert_one_error(holdfast("driver", "new", "acme", cwd=tmp_path), USAGE, "--language")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_exists_is_left_alone(holdfast, tmp_path, kind):
    place = tmp_path / "acme"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")
    before = tree(tmp_path)
    done = holdfast("driver", "new", "acme", "--language", "c", cwd=tmp_path)
    assert_one_error(done, USAGE, "acme exists already")
    assert tree(tmp_path) == before


def test_a_folder_that_cannot_be_made(holdfast, tmp_path):
    done = holdfast("driver", "new", "acme", "--language", "c", "--folder", tmp_path / "no/acme")
    assert_one_error(done, USAGE, "no/acme", "No such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_an_installation_without_templates(holdfast, tmp_path):
    (tmp_path / "bin").mkdir()
    shutil.copy(dist() / "bin/holdfast", tmp_path / "bin/holdfast")
    done = holdfast("driver", "new", "acme", "--language", "c", cwd=tmp_path, binaries=tmp_path)
    assert_one_error(done, FAILURE, "share/holdfast/templates/c")
    assert not (tmp_path / "acme").exists()
