#!/usr/bin/env python3
"""Does with obstore (the Rust object_store) what holdfast-bench does with Host and the s3 driver.

    obstore_client.py FORM OPERATION URL BUCKET COUNT CLIENTS

FORM is `threads` (its blocking functions, a thread for each client), `async` (one event loop), or, for what is
large and for lists, one of its ways to do that. As many requests as are measured go before, to warm up. It
prints one line of JSON.
"""

import asyncio
import json
import os
import re
import resource
import sys
import threading
import time
from pathlib import Path

import obstore
from obstore.store import S3Store

VALUE = b"v" * 4096
LARGE = 1 << 30
BLOCK = b"v" * (8 << 20)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def status(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])


class Client:
    def __init__(self, url: str, bucket: str, clients: int):
        self.store = S3Store(
            bucket, endpoint=url, region="us-east-1", access_key_id="bench", secret_access_key="bench",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": "300s", "pool_max_idle_per_host": "512"})
        self.clients = clients

    # ---- 4 KiB ----------------------------------------------------------------------------------

    def one(self, operation: str, client: int) -> None:
        key = f".holdfast/bench/client-{client}"
        if operation == "puts":
            obstore.put(self.store, key, VALUE, use_multipart=False)
        elif len(obstore.get(self.store, key).bytes()) != len(VALUE):
            raise RuntimeError("wrong bytes")

    async def one_async(self, operation: str, client: int) -> None:
        key = f".holdfast/bench/client-{client}"
        if operation == "puts":
            await obstore.put_async(self.store, key, VALUE, use_multipart=False)
        elif len(await (await obstore.get_async(self.store, key)).bytes_async()) != len(VALUE):
            raise RuntimeError("wrong bytes")

    def threads(self, operation: str, count: int) -> None:
        def run(client: int) -> None:
            for _ in range(count // self.clients):
                self.one(operation, client)
        workers = [threading.Thread(target=run, args=(client,)) for client in range(self.clients)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    async def tasks(self, operation: str, count: int) -> None:
        async def run(client: int) -> None:
            for _ in range(count // self.clients):
                await self.one_async(operation, client)
        await asyncio.gather(*(run(client) for client in range(self.clients)))

    def rate(self, form: str, operation: str, count: int) -> dict:
        if form == "threads":
            return measured(lambda: self.threads(operation, count), count)

        async def both() -> dict:
            await self.tasks(operation, count)
            before, started = cpu_seconds(), time.monotonic()
            await self.tasks(operation, count)
            return figures(time.monotonic() - started, cpu_seconds() - before, count)
        return asyncio.run(both())

    # ---- 1 GiB, each form once ------------------------------------------------------------------

    def down(self, form: str) -> int:
        if form == "stream":
            return sum(len(piece) for piece in obstore.get(self.store, "gib").stream(8 << 20))
        if form == "stream-small":
            return sum(len(piece) for piece in obstore.get(self.store, "gib").stream(256 << 10))
        # Ranges side by side.
        starts, total, lock = iter(range(0, LARGE, len(BLOCK))), [], threading.Lock()

        def run() -> None:
            while True:
                with lock:
                    start = next(starts, None)
                if start is None:
                    return
                total.append(len(obstore.get_range(self.store, "gib", start=start, length=len(BLOCK))))
        workers = [threading.Thread(target=run) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(total)

    def up(self, form: str) -> int:
        most = {"iterator": 12, "iterator-4": 4}[form]
        obstore.put(self.store, "gib", (BLOCK for _ in range(LARGE // len(BLOCK))),
                    chunk_size=len(BLOCK), max_concurrency=most)
        return LARGE

    # ---- Lists ----------------------------------------------------------------------------------

    def list(self, form: str) -> int:
        pages = obstore.list(self.store, ".holdfast/bench-list", chunk_size=1000,
                             **({"return_arrow": True} if form == "arrow" else {}))
        return sum(page.num_rows if form == "arrow" else len(page) for page in pages)


def figures(seconds: float, cpu: float, count: int) -> dict:
    return {"rate": count / seconds, "cpu_us": cpu / count * 1e6, "peak_kib": status("VmHWM"),
            "threads": status("Threads")}


def measured(work, count: int) -> dict:
    work()
    before, started = cpu_seconds(), time.monotonic()
    done = work()
    if done is not None and done != count:
        raise RuntimeError(f"{done} instead of {count}")
    return figures(time.monotonic() - started, cpu_seconds() - before, count)


def main() -> None:
    form, operation, url, bucket = sys.argv[1:5]
    count, clients = int(sys.argv[5]), int(sys.argv[6])
    client = Client(url, bucket, clients)
    if operation in ("down", "up"):
        found = measured(lambda: getattr(client, operation)(form), LARGE)
    elif operation == "list":
        # The better of two, as holdfast-bench has it.
        found = max((measured(lambda: client.list(form), count) for _ in range(2)),
                    key=lambda each: each["rate"])
    else:
        found = client.rate(form, operation, count)
    print(json.dumps(found), flush=True)
    # The runtime's threads are not waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
