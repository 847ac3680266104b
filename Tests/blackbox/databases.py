"""Stores on real servers: an empty one for each test, and what lies in it, read without Holdfast."""

import contextlib
import hashlib
import itertools
import json

from Servers import server
from Servers.server import Server

# The stores that tests run over, besides those in files: the name of the server for each.
DATABASES = {"postgres": "postgres", "pgbouncer": "pgbouncer", "dynamodb": "ministack",
             "s3": "ministack_s3", "gcs": "gcs", "azblob": "azblob"}
# Those whose place is the workspace: who shares it shares the states.
BUCKETS = ("s3", "gcs", "azblob")
# The variable that the configuration names.
DSN = "HOLDFAST_TESTS_DSN"
_numbers = itertools.count(1)


class Database:
    """A store of one test."""

    kind = ""
    # The `backend:` block, and what else the project's file says.
    block = ""
    environment: dict[str, str] = {}
    secrets: list[str] = []

    def contents(self) -> dict[str, str]:
        """Everything that the store holds, by name, to compare before and after."""
        raise NotImplementedError


class PostgresDatabase(Database):
    """A database of its own on a server, perhaps through a pooler."""

    kind = "postgres"
    block = f"backend:\n  kind: postgres\n  postgresConnectionStringEnv: {DSN}\n"

    def __init__(self, running: Server):
        self.server = getattr(running, "behind", running)
        self.name = self.server.create_database(f"holdfast_{next(_numbers)}")
        self.url = running.url(self.name)
        self.environment = {DSN: self.url}
        self.secrets = running.secrets

    def psql(self, sql: str, **options) -> str:
        return self.server.psql(sql, database=self.name, **options)

    def tables(self) -> list[str]:
        return self.psql("select schemaname || '.' || tablename from pg_tables where schemaname "
                         "not in ('pg_catalog', 'information_schema') order by 1").split()

    def contents(self) -> dict[str, str]:
        return {table: self.psql(f"select count(*) || ' ' || coalesce(md5(string_agg(t::text, '' "
                                 f"order by t::text)), '') from {table} t")
                for table in self.tables()}


class DynamoDatabase(Database):
    """A table of its own on a server; the region comes from the project's provider block."""

    kind = "dynamodb"

    def __init__(self, running: Server):
        self.server = running
        self.name = running.make_table(f"holdfast-{next(_numbers)}")
        region = running.options["region"]
        self.block = (f"provider:\n  name: aws-lambda\n  region: {region}\n"
                      f"backend:\n  kind: dynamodb\n  receiptTable: {self.name}\n")
        self.environment = {name: value for name, value in running.environment.items()
                            if "REGION" not in name}
        self.secrets = running.secrets

    def items(self) -> list[dict]:
        pages = self.server.client("dynamodb").get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def contents(self) -> dict[str, str]:
        return {f"{item['pk']} {item['sk']}": hashlib.sha256(
            json.dumps(item, sort_keys=True, default=repr).encode()).hexdigest()
            for item in self.items()}


class S3Bucket(Database):
    """A bucket of its own on a server."""

    kind = "s3"

    def __init__(self, running: Server):
        self.server = running
        self.name = running.make_bucket(f"holdfast-{next(_numbers)}")
        region = running.options["region"]
        self.block = (f"provider:\n  name: aws-lambda\n  region: {region}\n"
                      f"backend:\n  kind: s3\n  s3Bucket: {self.name}\n  s3Prefix: team/state\n")
        self.environment = {name: value for name, value in running.environment.items()
                            if "REGION" not in name}
        self.secrets = running.secrets

    def contents(self) -> dict[str, str]:
        """Everything but what the driver found out about the service."""
        client = self.server.client("s3")
        try:
            pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=self.name))
        except client.exceptions.NoSuchBucket:
            return {}
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key: hashlib.sha256(
            client.get_object(Bucket=self.name, Key=key)["Body"].read()).hexdigest()
            for key in keys if "/.holdfast/probe/" not in key}


class GCSDatabase(Database):
    """A bucket of its own on the emulator."""

    kind = "gcs"

    def __init__(self, running: Server):
        self.server = running
        self.name = running.make_bucket(f"holdfast-{next(_numbers)}")
        self.block = (f"backend:\n  kind: gcs\n  options:\n    bucket: {self.name}\n"
                      f"    prefix: team/state\n    endpoint: {running.endpoint}\n"
                      "    metadata_disabled: true\n")
        self.environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(running.key_file)}
        self.secrets = running.secrets

    def contents(self) -> dict[str, str]:
        return {name: f"{found['generation']} {found['crc32c']}"
                for name, found in self.server.resources(self.name).items()}


class AzureDatabase(Database):
    """A container of its own on a server."""

    kind = "azblob"

    def __init__(self, running: Server):
        self.server = running
        self.name = running.make_container()
        self.block = f"backend:\n  kind: azblob\n  azblobContainer: {self.name}\n"
        self.environment = dict(running.environment)
        self.secrets = running.secrets

    def contents(self) -> dict[str, str]:
        return self.server.control(show=self.name)["blobs"]


class Databases:
    """Starts each server when it is first needed; at the end of the block all of them end."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._running: dict[str, Server] = {}

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def running(self, name: str) -> Server:
        """The server of a name of `DATABASES`, or of a module of `Servers`."""
        name = DATABASES.get(name, name)
        if name not in self._running:
            self._running[name] = self._stack.enter_context(server(name))
        return self._running[name]

    def fresh(self, store: str) -> Database:
        """An empty store on the server of a name of `DATABASES`."""
        kinds = {"dynamodb": DynamoDatabase, "s3": S3Bucket, "gcs": GCSDatabase,
                 "azblob": AzureDatabase}
        return kinds.get(store, PostgresDatabase)(self.running(store))
