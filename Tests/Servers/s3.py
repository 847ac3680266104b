"""What the stand-ins of S3 have in common: a bucket for the driver s3, beside the key of IAM."""

from Servers.aws import REGION


class S3Server:
    """Goes before an AWSServer: the same server, for stores of the driver s3."""

    driver = "s3"
    bucket = "holdfast-tests"

    def make_bucket(self, name: str, versioned: bool = False) -> str:
        client = self.client("s3")
        client.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def started(self) -> None:
        super().started()
        self.make_bucket(self.bucket)

    @property
    def options(self) -> dict[str, str]:
        rest = {name: value for name, value in super().options.items() if name != "table"}
        return rest | {"bucket": self.bucket, "prefix": "kit"}

    @property
    def place_options(self) -> dict[str, str]:
        return self.options | {"bucket": "{place}", "bootstrap": "true"}
