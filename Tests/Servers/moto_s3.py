"""moto with a bucket. It ignores a condition on completing an upload in parts.

Its signatures are not checked: it refuses those of every client, boto3's too, on keys that are escaped.
"""

from Servers.aws import AWSServer
from Servers.moto import MotoServer
from Servers.s3 import S3Server


class MotoS3Server(S3Server, MotoServer):
    name = "moto_s3"

    def started(self) -> None:
        AWSServer.started(self)
        self.make_bucket(self.bucket)


SERVER = MotoS3Server
