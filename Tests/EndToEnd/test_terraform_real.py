"""The real `terraform` against the daemon, with the built-in `terraform_data` alone: no provider."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from blackbox.dist import clean_environment
from blackbox.terraform import NO_STATE, lock_info, state
from conftest import NO_TERRAFORM

RESOURCES = """
variable "words" {
  type    = list(string)
  default = ["one", "two"]
}

resource "terraform_data" "word" {
  count = length(var.words)
  input = var.words[count.index]
}

output "words" {
  value = terraform_data.word[*].output
}
"""

# An apply that says when it has begun, and then waits until a file lets it go on.
GATED = """
resource "terraform_data" "first" {
  input = "kept"
}

resource "terraform_data" "gate" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "touch begun-$TAG; for i in $(seq 600); do test -e go && exit 0; sleep 0.1; done; exit 1"
  }
}
"""


class Terraform:
    """A Terraform project in a folder of its own."""

    def __init__(self, folder: Path, config: Path):
        self.folder, self.children = folder, []
        folder.mkdir()
        self.environment = clean_environment(
            TF_CLI_CONFIG_FILE=str(config), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")

    def write(self, backend: str, resources: str = RESOURCES) -> "Terraform":
        (self.folder / "main.tf").write_text(f"terraform {{\n{backend}}}\n{resources}")
        return self

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        child = subprocess.Popen(
            ["terraform", *arguments], cwd=self.folder, env=self.environment | environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        self.children.append(child)
        return child

    def run(self, *arguments: str, status: int = 0, **environment: str) -> str:
        child = self.start(*arguments, **environment)
        output, _ = child.communicate(timeout=180)
        assert child.returncode == status, f"terraform {arguments}: {child.returncode}\n{output}"
        return output

    def init(self, *arguments: str) -> "Terraform":
        self.run("init", "-input=false", *arguments)
        return self

    def apply(self, *arguments: str, **options) -> str:
        return self.run("apply", "-auto-approve", "-input=false", *arguments, **options)

    def wait_for(self, name: str) -> None:
        ending = time.monotonic() + 60
        while not (self.folder / name).exists():
            assert time.monotonic() < ending, f"{name} did not appear"
            time.sleep(0.05)


def http(port: int, path: str, password: str = "", locks: bool = True) -> str:
    address = f"http://127.0.0.1:{port}/terraform/{path}"
    lines = [f'address = "{address}"']
    if locks:
        lines += [f'lock_address = "{address}"', f'unlock_address = "{address}"']
    if password:
        lines += ['username = "any"', f'password = "{password}"']
    return '  backend "http" {\n' + "".join(f"    {line}\n" for line in lines) + "  }\n"


@pytest.fixture
def terraform(tmp_path: Path):
    if not shutil.which("terraform"):
        pytest.skip(NO_TERRAFORM)
    config = tmp_path / "empty.tfrc"
    config.write_text("")
    made = []

    def make(name: str = "work") -> Terraform:
        made.append(Terraform(tmp_path / name, config))
        return made[-1]

    yield make
    for project in made:
        for child in project.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


@pytest.fixture
def work(terraform, daemon) -> Terraform:
    return terraform().write(http(daemon.port, "net/prod"))


def test_the_life_of_a_state(work, daemon, cli):
    client = daemon.client("net/prod")
    work.init().apply()
    work.run("plan", "-detailed-exitcode", "-input=false")
    assert json.loads(work.run("output", "-json"))["words"]["value"] == ["one", "two"]
    work.apply("-var", 'words=["one","two","three"]')
    served = client.get().body
    assert served == cli.pull("net/prod"), "the same bytes, whoever reads them"
    assert json.loads(work.run("state", "pull")) == json.loads(served)
    assert json.loads(served)["serial"] == cli.versions("net/prod")[0]["serial"]
    assert len(json.loads(served)["resources"][0]["instances"]) == 3
    work.run("destroy", "-auto-approve", "-input=false")
    left = client.get()
    assert left.status == 200 and json.loads(left.body)["resources"] == []
    assert client.lock(lock_info()).status == 200, "destroy gave its lock back"
    assert not (work.folder / "errored.tfstate").exists()


def test_another_store_of_the_daemon(terraform, launch, project, cli):
    project.configure(
        project.config.read_text() + "daemon:\n  stores: [second]\nstores:\n  second:\n"
        f"    driver: {project.kind}\n    options: {{path: second.store}}\n")
    daemon = launch(project)
    work = terraform().write(http(daemon.port, "net/prod?store=second")).init()
    work.apply()
    work.run("plan", "-detailed-exitcode", "-input=false")
    served = daemon.client("net/prod", store="second").get().body
    assert json.loads(work.run("state", "pull")) == json.loads(served)
    assert daemon.client("net/prod").get().status in NO_STATE


def test_state_push(work, daemon):
    work.init().apply()
    document = json.loads(work.run("state", "pull"))
    lower = work.folder / "lower.tfstate"
    lower.write_text(json.dumps(document | {"serial": 0}))
    assert "serial" in work.run("state", "push", str(lower), status=1)
    work.run("state", "push", "-force", str(lower))
    higher = work.folder / "higher.tfstate"
    higher.write_text(json.dumps(document | {"serial": document["serial"] + 9}))
    work.run("state", "push", str(higher))
    pulled = json.loads(work.run("state", "pull"))
    assert pulled["resources"] == document["resources"]
    foreign = work.folder / "foreign.tfstate"
    foreign.write_bytes(state(99, lineage="00000000-1111-2222-3333-444444444444"))
    work.run("state", "push", str(foreign), status=1)
    work.run("state", "push", "-force", str(foreign))
    assert json.loads(daemon.client("net/prod").get().body)["lineage"].startswith("00000000")


def test_force_unlock(work, daemon):
    work.init().apply()
    client, info = daemon.client("net/prod"), lock_info(Who="gone@nowhere")
    client.lock(info)
    blocked = work.run("plan", "-input=false", status=1)
    assert info["ID"] in blocked
    work.run("force-unlock", "-force", info["ID"])
    work.run("plan", "-detailed-exitcode", "-input=false")
    assert client.post(state(50), info["ID"]).status in (409, 423)


def test_two_applies_one_waits(terraform, daemon):
    backend = http(daemon.port, "net/shared")
    first = terraform("first").write(backend, GATED).init()
    second = terraform("second").write(backend, GATED.replace('"gate"', '"other"')).init()
    (second.folder / "go").touch()
    one = first.start("apply", "-auto-approve", "-input=false", TAG="one")
    first.wait_for("begun-one")
    impatient = second.run("plan", "-input=false", status=1, TAG="x")
    assert "already locked" in impatient
    two = second.start("apply", "-auto-approve", "-input=false", "-lock-timeout=60s", TAG="two")
    time.sleep(3)
    assert two.poll() is None and not (second.folder / "begun-two").exists(), "it did not wait"
    (first.folder / "go").touch()
    for child in (one, two):
        output, _ = child.communicate(timeout=120)
        assert child.returncode == 0, output
    final = json.loads(daemon.client("net/shared").get().body)
    assert {resource["name"] for resource in final["resources"]} >= {"other"}


def test_migration_from_a_file_and_between_addresses(work, daemon, cli):
    work.write('  backend "local" {}\n').init().apply()
    work.write(http(daemon.port, "net/one"))
    work.init("-migrate-state", "-force-copy")
    work.run("plan", "-detailed-exitcode", "-input=false")
    work.write(http(daemon.port, "net/two"))
    work.init("-migrate-state", "-force-copy")
    work.run("plan", "-detailed-exitcode", "-input=false")
    one, two = (json.loads(cli.pull(path)) for path in ("net/one", "net/two"))
    assert one["resources"] == two["resources"]
    work.write('  backend "local" {}\n').init("-migrate-state", "-force-copy")
    work.run("plan", "-detailed-exitcode", "-input=false")


def test_an_interrupted_apply_keeps_what_was_done(work, daemon):
    work.write(http(daemon.port, "net/prod"), GATED).init()
    child = work.start("apply", "-auto-approve", "-input=false", TAG="one")
    work.wait_for("begun-one")
    child.send_signal(signal.SIGINT)
    (work.folder / "go").touch()
    child.communicate(timeout=120)
    document = json.loads(daemon.client("net/prod").get().body)
    assert "first" in {resource["name"] for resource in document["resources"]}
    work.apply(TAG="two")
    work.run("plan", "-detailed-exitcode", "-input=false", TAG="x")


def test_a_killed_apply_leaves_its_lock_until_it_is_broken(work, daemon):
    work.write(http(daemon.port, "net/prod"), GATED).init()
    child = work.start("apply", "-auto-approve", "-input=false", TAG="one")
    work.wait_for("begun-one")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    holder = daemon.client("net/prod").lock(lock_info())
    assert holder.status == 423 and holder.json()["Operation"] == "OperationTypeApply"
    assert "already locked" in work.run("plan", "-input=false", status=1, TAG="x")
    work.run("force-unlock", "-force", holder.json()["ID"])
    (work.folder / "go").touch()
    work.apply(TAG="two")


def test_the_daemon_is_restarted_during_an_apply(work, launch, project, daemon):
    work.write(http(daemon.port, "net/prod"), GATED).init()
    child = work.start("apply", "-auto-approve", "-input=false", TAG="one")
    work.wait_for("begun-one")
    port = daemon.port
    daemon.kill()
    launch(project, port=port)
    (work.folder / "go").touch()
    output, _ = child.communicate(timeout=120)
    assert child.returncode == 0, output
    work.run("plan", "-detailed-exitcode", "-input=false", TAG="x")


def test_without_locks_and_with_put(terraform, daemon):
    backend = http(daemon.port, "net/nolock", locks=False).replace(
        "  }\n", '    update_method = "PUT"\n  }\n')
    work = terraform().write(backend).init()
    work.apply()
    work.run("plan", "-detailed-exitcode", "-input=false")


def test_a_password(terraform, launch, project, tmp_path):
    key = tmp_path / "key"
    key.write_text("correct-horse-battery\n")
    key.chmod(0o600)
    daemon = launch(project, "--api-key-file", key)
    work = terraform().write(http(daemon.port, "net/prod", "correct-horse-battery")).init()
    work.apply()
    wrong = terraform("wrong").write(http(daemon.port, "net/prod", "wrong"))
    output = wrong.run("init", "-input=false", status=1)
    assert "auth" in output
    wrong.write(http(daemon.port, "net/prod"))
    wrong.run("init", "-input=false", "-reconfigure", status=1)


def test_the_example(terraform, launch, project, cli):
    example = Path(__file__).resolve().parents[2] / "examples/terraform/main.tf"
    daemon = launch(project)
    work = terraform()
    text = example.read_text().replace(":8766/", f":{daemon.port}/")
    (work.folder / "main.tf").write_text(text)
    work.init().apply()
    work.run("plan", "-detailed-exitcode", "-input=false")
    assert cli.states() == ["example"]
    assert daemon.client("example").get().body == cli.pull("example")
    assert daemon.client("other").get().status in NO_STATE
