"""Load over HTTP: wrk for the request rate, and a client that does what Terraform does."""

import json
import os
import re
import statistics
import subprocess
import threading
import time
from pathlib import Path

from blackbox.processes import Daemon
from blackbox.terraform import body_headers, lock_info, state
from blackbox.wire import Connection, request_bytes


def wrk(url: str, seconds: int, connections: int = 32) -> float:
    """Requests a second; every answer must be a success."""
    done = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", url], capture_output=True, text=True,
        check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"wrk met errors at {url}:\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])


class Cycles:
    """LOCK, GET, POST, UNLOCK, one after the other, on a connection that stays open."""

    def __init__(self, port: int, writers: int, seconds: float):
        self.port, self.seconds, self.samples = port, seconds, []
        threads = [threading.Thread(target=self._run, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.samples.sort()

    def _run(self, number: int) -> None:
        target, ending = f"/terraform/cycle/{number}", time.monotonic() + self.seconds
        serial = 0
        with Connection(self.port) as connection:
            while time.monotonic() < ending:
                serial += 1
                started = time.perf_counter()
                self._cycle(connection, target, serial)
                self.samples.append(time.perf_counter() - started)

    def _cycle(self, connection: Connection, target: str, serial: int) -> None:
        info = lock_info()
        body, lock = state(serial, blob="c" * 3800), json.dumps(info).encode()
        for method, where, data in (("LOCK", target, lock), ("GET", target, None),
                                    ("POST", f"{target}?ID={info['ID']}", body),
                                    ("UNLOCK", target, lock)):
            headers = body_headers(data) if data else {}
            answer = connection.request(method, where, data, headers=headers)
            # A first GET finds no state.
            if answer.status != 200 and not (method == "GET" and serial == 1):
                raise RuntimeError(f"{method}: {answer}")

    def report(self) -> dict[str, float]:
        count = len(self.samples)
        return {"cycles_per_second": count / self.seconds,
                "p50_ms": self.samples[count // 2] * 1e3,
                "p99_ms": self.samples[count * 99 // 100] * 1e3}


def process_time(command: list[str], cwd: Path, env: dict[str, str], count: int = 40) -> float:
    """The median time from start to end of a process, in milliseconds."""
    samples = []
    with open(os.devnull, "w") as nothing:
        for _ in range(count):
            started = time.perf_counter()
            subprocess.run(command, cwd=cwd, env=env, stdout=nothing, check=True)
            samples.append(time.perf_counter() - started)
    return statistics.median(samples) * 1e3


def peak_growth(daemon: Daemon, byte_count: int) -> dict[str, float]:
    """How far the daemon's peak memory rises above idle while bytes stream up and down, in MiB."""
    client = daemon.client("memory")
    client.post(state(1))
    client.get()
    time.sleep(1)
    idle = _status(daemon.pid, "VmRSS")
    _reset_peak(daemon.pid)
    started = time.monotonic()
    _stream_up(daemon.port, byte_count)
    up, up_seconds = _status(daemon.pid, "VmHWM"), time.monotonic() - started
    _reset_peak(daemon.pid)
    started = time.monotonic()
    _stream_down(daemon.port, byte_count)
    down, down_seconds = _status(daemon.pid, "VmHWM"), time.monotonic() - started
    mebibytes = byte_count / (1 << 20)
    return {"idle_mib": idle / 1024, "up_mib": (up - idle) / 1024, "down_mib": (down - idle) / 1024,
            "up_mib_per_second": mebibytes / up_seconds,
            "down_mib_per_second": mebibytes / down_seconds}


def _reset_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


_BLOCK = bytes(range(256)) * 4096


def _stream_up(port: int, byte_count: int) -> None:
    with Connection(port, timeout=600) as connection:
        connection.send(request_bytes("POST", "/terraform/memory-stream", port=port, headers={
            "Content-Length": str(byte_count)}))
        for _ in range(byte_count // len(_BLOCK)):
            connection.send(_BLOCK)
        answer = connection.response()
        if answer.status != 200:
            raise RuntimeError(f"streaming up: {answer}")


def _stream_down(port: int, byte_count: int) -> None:
    with Connection(port, timeout=600) as connection:
        connection.send(request_bytes("GET", "/terraform/memory-stream", port=port))
        head = connection._head()
        left = byte_count - len(connection.pending)
        while left > 0 and (part := connection.socket.recv(1 << 20)):
            left -= len(part)
        if head.status != 200 or left:
            raise RuntimeError(f"streaming down: {head}, {left} bytes are missing")
