"""moto with a bucket. It ignores a condition on completing an upload in parts."""

from Servers.moto import MotoServer
from Servers.s3 import S3Server


class MotoS3Server(S3Server, MotoServer):
    name = "moto_s3"


SERVER = MotoS3Server
