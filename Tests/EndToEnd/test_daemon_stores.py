"""More than one store behind one daemon: `?store=NAME`."""

import json

import pytest

from blackbox.terraform import lock_info, state

USAGE = 2


@pytest.fixture
def two(project, launch):
    options = {"local": "{path: second}", "sqlite": "{path: second.db}"}[project.kind]
    own = project.config.read_text()
    project.configure(
        own + f"daemon:\n  stores: [second]\nstores:\n  second:\n    driver: {project.kind}\n"
        f"    options: {options}\n  hidden:\n    driver: {project.kind}\n"
        f"    options: {options.replace('second', 'hidden')}\n")
    return launch(project)


def test_each_store_has_its_own_states(two, cli):
    own, second = two.client("net"), two.client("net", store="second")
    assert second.get().status == 404
    assert own.post(state(1)).status == second.post(state(2)).status == 200
    assert own.get().body == state(1) and second.get().body == state(2)
    assert cli.pull("net") == state(1)
    assert cli.ok("state", "pull", "net", "--store", "second") == state(2)
    info = lock_info()
    assert second.lock(info).status == 200
    assert own.lock(lock_info()).status == 200, "a lock holds in its own store"
    assert second.post(state(3)).status in (409, 423)
    assert second.post(state(3), info["ID"]).status == 200
    assert second.unlock(info).status == 200
    assert second.delete().status == 200 and second.get().status == 404
    assert own.get().body == state(1)


def test_its_own_store_by_name(two):
    two.client("net").post(state(1))
    assert two.client("net", store="default").get().body == state(1)


@pytest.mark.parametrize("name", ["hidden", "nobody", "", "a/b", "second%00"])
def test_what_is_not_served(two, project, name):
    for method, body in (("GET", None), ("POST", state(1)), ("LOCK", b"{}")):
        answer = two.request(method, f"/terraform/net?store={name}", body)
        assert answer.status == 400, f"{method}: {answer}"
        assert answer.json()["code"] == "invalid"
    assert not (project.folder / "hidden").exists()


def test_a_store_named_twice(two):
    assert two.request("GET", "/terraform/net?store=second&store=default").status == 400


def test_a_broken_store_costs_only_those_who_ask_for_it(project, launch):
    (project.folder / "file").write_text("no directory and no database\n" * 40)
    own = project.config.read_text()
    project.configure(
        own + f"daemon:\n  stores: [broken]\nstores:\n  broken:\n    driver: {project.kind}\n"
        "    options: {path: file}\n")
    daemon = launch(project)
    answer = daemon.client("net", store="broken").get()
    assert 500 <= answer.status < 600, answer
    assert daemon.client("net").post(state(1)).status == 200
    assert daemon.request("GET", "/readyz").status == 200
    assert (project.folder / "file").read_text().startswith("no directory")


def test_a_store_that_is_not_configured(project, launch):
    daemon = launch(project, "--serve", "nobody", wait=False)
    assert daemon.wait() == USAGE
    assert "nobody" in daemon.log


def test_config_show(project, cli):
    settings = {row["key"]: row["value"] for row in cli.json("config", "show")["settings"]}
    assert settings["daemon.stores"] == []
    assert settings["drivers.quarantineCrashes"] == "10"
    assert settings["drivers.quarantineWithin"] == "600s"
    assert settings["drivers.restartDelay"] == "100ms"
