"""Fixtures of both suites. A test never ends a process that it did not start."""

import itertools
from pathlib import Path

import pytest

from blackbox import dist
from blackbox.cli import CommandLine
from blackbox.databases import DATABASES, Databases
from blackbox.processes import Daemon, holdfast as run_holdfast
from blackbox.project import Project

NO_TERRAFORM = "terraform is not on the PATH"
DAEMONS = pytest.StashKey[list[Daemon]]()


def pytest_sessionstart(session):
    if missing := dist.missing():
        pytest.exit(
            f"{dist.dist()} lacks {', '.join(missing)}; run `make build`, or name the folder with "
            "HOLDFAST_DIST", returncode=1)


def _foreign_skips(reporter):
    skipped = reporter.stats.get("skipped", [])
    return [report for report in skipped if NO_TERRAFORM not in str(report.longrepr)]


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    without = len(skipped) - len(_foreign_skips(terminalreporter))
    if without:
        terminalreporter.write_line(f"{NO_TERRAFORM}: {without} tests not run", yellow=True)


def pytest_sessionfinish(session, exitstatus):
    # One reason to skip exists. Any other would let a run pass that proved less than it says.
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if exitstatus == 0 and reporter and _foreign_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        daemons = item.stash.get(DAEMONS, []) or [item.funcargs.get("daemon")]
        for daemon in filter(None, daemons):
            report.sections.append((f"holdfastd {daemon.pid}", daemon.log[-20000:]))
    return report


def _names(given) -> list[str]:
    return given.split(",") if isinstance(given, str) else list(given)


def pytest_generate_tests(metafunc):
    """Every test that asks for `kind` runs over each driver that needs no server.

    A module whose tests look at nothing but the programs themselves says `STORES = dist.STORES`, and
    they run over all, but for those that say with the mark `stores` which ones can show something. A test
    that names its kinds itself, and a module with a fixture `kind` of its own, keep them.
    """
    if hasattr(metafunc.module, "kind"):
        return
    own = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    names_kinds = any("kind" in [name.strip() for name in _names(given)] for given in own)
    if "kind" in metafunc.fixturenames and not names_kinds:
        names = getattr(metafunc.module, "STORES", dist.DRIVERS)
        for mark in metafunc.definition.iter_markers("stores"):
            names = mark.args
        metafunc.parametrize("kind", names, scope="module")


@pytest.fixture(scope="session")
def databases():
    with Databases() as running:
        yield running


def _project(request, kind: str, folder: Path) -> Project:
    database = None
    if kind in DATABASES:
        database = request.getfixturevalue("databases").fresh(kind)
    return Project(folder, kind, database)


def _shares(request) -> bool:
    """Whether a test takes a store that others use too: it asks for a state of its own, no more."""
    return "client" in request.fixturenames and hasattr(request.module, "STORES")


@pytest.fixture(scope="module")
def shared(kind: str, tmp_path_factory, request):
    """A daemon for all tests of a module that need no more than a state of their own."""
    with Daemon(_project(request, kind, tmp_path_factory.mktemp(kind) / "project")) as daemon:
        yield daemon.wait_until_listening()
        assert daemon.stop() == 0, daemon.log


@pytest.fixture
def project(kind: str, tmp_path: Path, request) -> Project:
    if _shares(request):
        return request.getfixturevalue("shared").project
    return _project(request, kind, tmp_path / "project")


@pytest.fixture
def cli(project: Project) -> CommandLine:
    return CommandLine(project)


@pytest.fixture
def holdfast():
    return run_holdfast


@pytest.fixture
def launch(request):
    """Starts daemons; each that still runs at the end must drain and exit with 0."""
    daemons = request.node.stash.setdefault(DAEMONS, [])

    def start(project: Project, *flags, wait: bool = True, **options) -> Daemon:
        daemon = Daemon(project, *flags, **options)
        daemons.append(daemon)
        return daemon.wait_until_listening() if wait else daemon

    yield start
    running = [daemon for daemon in daemons if daemon.process.poll() is None]
    statuses = [daemon.stop() for daemon in running]
    assert not any(statuses), f"daemons ended with {statuses} after SIGTERM"


@pytest.fixture
def daemon(project: Project, request) -> Daemon:
    if _shares(request):
        return request.getfixturevalue("shared")
    return request.getfixturevalue("launch")(project)


@pytest.fixture
def client(daemon: Daemon, _names=itertools.count(1)):
    """A client of a state that no other test uses."""
    return daemon.client(f"net/prod-{next(_names)}")
