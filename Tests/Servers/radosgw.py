"""Debian's radosgw, the S3 of Ceph, over a cluster of one monitor and one disk in memory, all of it on loopback.

Version 16 honours creates while a bucket keeps no versions, refuses right ETags, and ignores conditions on
removals and on completing uploads: no state may be locked there.
"""

import json
import uuid
from pathlib import Path

from Servers.foreign_s3 import ForeignS3, program
from Servers.server import Server

CONFIGURATION = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}]
mon initial members = a
public addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/$name.keyring
run dir = {folder}
admin socket = {folder}/$name.$pid.asok
log file = {folder}/$name.log
crash dir = {folder}
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
osd objectstore = memstore
memstore device bytes = 4294967296
mon allow pool size one = true
mon data avail crit = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw enable usage log = false
"""


class CephProcess(Server):
    """One process of the cluster, with the monitor's folder and configuration."""

    def __init__(self, monitor: "Monitor | None" = None):
        super().__init__()
        self.monitor = monitor or self

    @property
    def place(self) -> Path:
        return self.monitor.folder

    def tool(self, name: str, *arguments: str | Path, admin: bool = True, **options) -> str:
        """Runs a tool of Ceph in the cluster's place."""
        who = ["-c", self.place / "ceph.conf", *(["-n", "client.admin"] if admin else [])]
        return self.run(name, *who, *arguments, **{"timeout": 60} | options)

    def daemon(self, name: str, *arguments: str) -> list[str]:
        return [program(name), "-f", "-c", str(self.place / "ceph.conf"), *arguments]

    def make_key(self, who: str, *rights: str) -> None:
        self.tool("ceph", "auth", "get-or-create", who, *rights, "-o", self.place / f"{who}.keyring")


class Monitor(CephProcess):
    name = "ceph-mon"

    def prepare(self) -> None:
        fsid, admin = str(uuid.uuid4()), self.folder / "client.admin.keyring"
        self.write("ceph.conf", CONFIGURATION.format(fsid=fsid, port=self.port, folder=self.folder))
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        own = self.folder / "mon.a.keyring"
        self.run("ceph-authtool", "-C", own, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        self.run("ceph-authtool", "-C", admin, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *",
                 "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
        self.run("ceph-authtool", own, "--import-keyring", admin)
        map = self.folder / "monmap"
        self.run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{self.port}]", "--fsid", fsid, map)
        self.run("ceph-mon", "-c", self.folder / "ceph.conf", "--mkfs", "-i", "a", "--monmap", map,
                 "--keyring", own)

    def command(self) -> list[str]:
        return self.daemon("ceph-mon", "-i", "a")

    def check(self) -> None:
        self.tool("ceph", "--connect-timeout", "5", "mon", "stat")


class Disk(CephProcess):
    name = "ceph-osd"

    def prepare(self) -> None:
        name = str(uuid.uuid4())
        self.tool("ceph", "osd", "create", name)
        self.make_key("osd.0", "mon", "allow profile osd", "osd", "allow *")
        self.run("ceph-osd", "-c", self.place / "ceph.conf", "-i", "0", "--mkfs", "--osd-uuid", name)

    def command(self) -> list[str]:
        return self.daemon("ceph-osd", "-i", "0")

    def check(self) -> None:
        found = json.loads(self.tool("ceph", "osd", "stat", "--format", "json"))
        assert found["num_up_osds"] == 1, found


class RadosGateway(ForeignS3, CephProcess):
    """The S3, with one user and a bucket; what is behind it starts and ends with it."""

    name = "radosgw"
    region = "default"
    key = ("HFRADOSHFRADOSHFRADO", "hfcanaryradoshfcanaryradoshfcanaryradosh")
    start_seconds = 120.0

    def __init__(self):
        super().__init__(Monitor())
        self.disk = Disk(self.monitor)

    def __enter__(self) -> "RadosGateway":
        try:
            self.monitor.__enter__()
            self.disk.__enter__()
            return super().__enter__()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for one in (super(), self.disk, self.monitor):
            one.close()

    def prepare(self) -> None:
        self.make_key("client.rgw", "mon", "allow rw", "osd", "allow rwx")

    def command(self) -> list[str]:
        # Without its delay, small answers wait for the client's acknowledgement.
        frontend = f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1"
        return self.daemon("radosgw", "-n", "client.rgw", "--rgw-frontends", frontend)

    def started(self) -> None:
        self.tool("radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "tests",
                  "--access-key", self.key[0], "--secret", self.key[1])
        super().started()


SERVER = RadosGateway
