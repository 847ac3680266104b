"""Real servers for tests: each in a process and a folder of its own, on a free loopback port.

A module `NAME.py` holds one kind of server and names its class `SERVER`. A server that cannot start
raises: a run without it would prove nothing.
"""

import importlib

from Servers.server import Server


def server(name: str) -> Server:
    """The server of the module NAME, not yet started; dashes stand for underscores."""
    return importlib.import_module(f"Servers.{name.replace('-', '_')}").SERVER()
