"""What the S3 servers of Debian have in common, which `make test-foreign` alone installs."""

import shutil
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

from Servers.server import ServerFailed


class ForeignS3:
    """Goes before a Server: one user with a key, and a bucket."""

    driver = "s3"
    bucket = "holdfast-tests"
    key = ("", "")
    region = ""

    def check(self) -> None:
        try:
            urllib.request.urlopen(self.endpoint, timeout=10).close()
        except urllib.error.HTTPError as error:
            # It answers: whoever has no key is refused.
            if error.code >= 500:
                raise

    def started(self) -> None:
        self.make_bucket(self.bucket)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str = "s3", key: tuple[str, str] | None = None):
        key = key or self.key
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=self.region, aws_access_key_id=key[0],
            aws_secret_access_key=key[1], config=Config(
                retries={"max_attempts": 1}, s3={"addressing_style": "path"},
                request_checksum_calculation="when_required"))

    def make_bucket(self, name: str, versioned: bool = False) -> str:
        client = self.client()
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    @property
    def options(self) -> dict[str, str]:
        return {"bucket": self.bucket, "prefix": "kit", "endpoint": self.endpoint, "region": self.region,
                "access_key_id": self.key[0], "secret_access_key": self.key[1],
                "credentials_file": "/dev/null", "config_file": "/dev/null",
                "metadata_disabled": "true"}

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region,
                "AWS_ACCESS_KEY_ID": self.key[0], "AWS_SECRET_ACCESS_KEY": self.key[1],
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}

    @property
    def secrets(self) -> list[str]:
        return [self.key[1]]


def program(name: str) -> str:
    """Where a program of Debian's is."""
    found = shutil.which(name)
    if found is None:
        raise ServerFailed(f"{name} is not installed; run `make test-foreign`, which installs it")
    return found
