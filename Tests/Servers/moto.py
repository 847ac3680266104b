"""moto under waitress with one thread: with more, its conditional writes have two winners at times."""

import sys
import urllib.request

from Servers.aws import AWSServer

SERVE = """
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from waitress import serve
serve(DomainDispatcherApplication(create_backend_app), host="127.0.0.1", port=int(sys.argv[1]),
      threads=1, connection_limit=500, max_request_body_size=1 << 31)
"""


class MotoServer(AWSServer):
    name = "moto"

    def command(self) -> list[str]:
        return [sys.executable, "-c", SERVE, str(self.port)]

    def check(self) -> None:
        urllib.request.urlopen(f"{self.endpoint}/moto-api/data.json", timeout=5).read()

    def started(self) -> None:
        super().started()
        # From now on every request must be signed by a key that is known and allowed.
        reset = urllib.request.Request(f"{self.endpoint}/moto-api/reset-auth", data=b"0",
                                       headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(reset, timeout=5).read()


SERVER = MotoServer
