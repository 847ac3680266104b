"""Debian's OpenStack Swift with its S3, all of it on loopback. It answers every condition on a write with 501."""

import contextlib
import getpass
import os
import socket
from pathlib import Path

from Servers.foreign_s3 import ForeignS3, program
from Servers.server import Server

PROCESS = Path(__file__).with_name("swift_process.py")
# The system's: Swift is none of the tests' own packages.
# -P: not what lies beside the program, this module of the same name among it.
PYTHON = ("/usr/bin/python3", "-P")
BACKEND = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_address = {folder}/no-log
fallocate_reserve = 0
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
log_address = {folder}/no-log
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memory}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = {region}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
"""


def connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


class Memory(Server):
    """The cache that the proxy keeps its tokens in."""

    name = "memcached"

    def command(self) -> list[str]:
        own = ["-u", getpass.getuser()] if os.geteuid() == 0 else []
        return [program("memcached"), "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", *own]

    def check(self) -> None:
        connect(self.port)


class Backend(Server):
    """What keeps accounts, containers or objects."""

    def __init__(self, kind: str, place: Path):
        super().__init__()
        self.name, self.kind, self.place = f"swift-{kind}", kind, place

    def prepare(self) -> None:
        text = BACKEND.format(port=self.port, folder=self.place, kind=self.kind,
                              user=getpass.getuser())
        (self.place / f"{self.kind}.conf").write_text(text)

    def command(self) -> list[str]:
        return [*PYTHON, PROCESS, self.kind, self.place / f"{self.kind}.conf"]

    def check(self) -> None:
        connect(self.port)


class Swift(ForeignS3, Server):
    """The proxy, with all that is behind it."""

    name = "swift"
    region = "us-east-1"
    key = ("test:tester", "hfcanaryswifthfcanaryswift")

    def __init__(self):
        super().__init__()
        self.behind = contextlib.ExitStack()

    def prepare(self) -> None:
        program("swift-proxy-server")
        (self.folder / "devices/disk").mkdir(parents=True)
        self.write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = holdfast\n")
        for kind in ("account", "container", "object"):
            backend = self.behind.enter_context(Backend(kind, self.folder))
            builder = self.folder / f"{kind}.builder"
            for words in (("create", "2", "1", "1"),
                          ("add", "--region", "1", "--zone", "1", "--ip", "127.0.0.1", "--port",
                           str(backend.port), "--device", "disk", "--weight", "1"), ("rebalance",)):
                self.run(*PYTHON, PROCESS, "ring-builder", builder, *words)
        memory = self.behind.enter_context(Memory())
        self.write("proxy.conf", PROXY.format(
            port=self.port, folder=self.folder, memory=memory.port, region=self.region,
            secret=self.key[1], user=getpass.getuser()))

    def command(self) -> list[str]:
        return [*PYTHON, PROCESS, "proxy", self.folder / "proxy.conf"]

    def close(self) -> None:
        self.stop()
        self.behind.close()
        super().close()


SERVER = Swift
