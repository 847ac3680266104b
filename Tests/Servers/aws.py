"""What the stand-ins of AWS have in common: a key made by IAM, and a table for the driver."""

import json
import uuid

import boto3
from botocore.config import Config

from Servers.server import Server

REGION = "eu-central-1"
KEYS = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                      {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                 {"AttributeName": "sk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST"}


class AWSServer(Server):
    """An emulator of several services of AWS on one port."""

    driver = "dynamodb"
    # The key that exists from the start; the tests use one that IAM made.
    root = ("HFROOTHFROOTHFROOTHF", "hfrootsecrethfrootsecrethfrootsecrethfro")

    def __init__(self):
        super().__init__()
        self.key = self.root
        self.table = "holdfast-tests"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, key: tuple[str, str] | None = None):
        """A client of one service with the tests' key, or with another one."""
        key = key or self.key
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=key[0],
            aws_secret_access_key=key[1], config=Config(retries={"max_attempts": 1}))

    def make_key(self, *policies: dict) -> tuple[str, str]:
        """A user of its own with an access key, allowed everything unless policies say otherwise."""
        name = f"user-{uuid.uuid4()}"
        iam = self.client("iam")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        statements = list(policies) or [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))
        return key["AccessKeyId"], key["SecretAccessKey"]

    def make_table(self, name: str) -> str:
        self.client("dynamodb").create_table(TableName=name, **KEYS)
        return name

    def started(self) -> None:
        self.key = self.make_key()
        self.make_table(self.table)

    @property
    def options(self) -> dict[str, str]:
        return {"table": self.table, "endpoint": self.endpoint, "region": REGION,
                "access_key_id": self.key[0], "secret_access_key": self.key[1],
                # The files of whoever runs the tests are none of theirs.
                "credentials_file": "/dev/null", "config_file": "/dev/null",
                "metadata_disabled": "true"}

    @property
    def place_options(self) -> dict[str, str]:
        return self.options | {"table": "{place}", "bootstrap": "true"}

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": self.key[0],
                "AWS_SECRET_ACCESS_KEY": self.key[1], "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}

    @property
    def secrets(self) -> list[str]:
        return [self.key[1]]
