"""ministack: S3, DynamoDB, IAM and STS in one process. It checks signatures of keys that IAM made."""

import sys
import urllib.request
from pathlib import Path

from Servers.aws import AWSServer


class MinistackServer(AWSServer):
    name = "ministack"

    def command(self) -> list[str]:
        return [Path(sys.executable).with_name("ministack")]

    def process_environment(self) -> dict[str, str]:
        return {
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port),
            "SERVICES": "s3,dynamodb,iam,sts", "STATE_DIR": str(self.folder / "state"),
            # It would start containers where it finds a docker.
            "DOCKER_HOST": "unix:///nonexistent", "LOG_LEVEL": "WARNING", "AUTH": "true",
            # With this key a wrong secret is accepted; it only makes the tests' own.
            "AWS_ACCESS_KEY_ID": self.root[0], "AWS_SECRET_ACCESS_KEY": self.root[1]}

    def check(self) -> None:
        urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5).read()


SERVER = MinistackServer
