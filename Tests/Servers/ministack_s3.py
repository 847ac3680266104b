"""ministack with a bucket. Conditions hold there, also with many writers at once."""

from Servers.ministack import MinistackServer
from Servers.s3 import S3Server


class MinistackS3Server(S3Server, MinistackServer):
    name = "ministack_s3"


SERVER = MinistackS3Server
