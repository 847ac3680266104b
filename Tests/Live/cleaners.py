"""Removes everything below a prefix of a real service, by the vendor's own library: not by what is being tested.

Each is made, and asked once, before anything is written, so that nothing is left because nobody could remove it.
"""


class S3Cleaner:
    def __init__(self, options: dict):
        import boto3
        from botocore.config import Config

        keys = {"aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key",
                "aws_session_token": "session_token"}
        session = boto3.Session(profile_name=options.get("profile"), region_name=options.get("region"),
                                **{name: options.get(own) for name, own in keys.items()})
        style = {"path": "path", "virtual": "virtual"}.get(options.get("addressing"), "auto")
        self.client = session.client(
            "s3", endpoint_url=options.get("endpoint"), verify=options.get("ca_file"),
            config=Config(s3={"addressing_style": style}, request_checksum_calculation="when_required"))
        self.bucket = options["bucket"]

    def names(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def remove(self, prefix: str) -> None:
        for key in self.names(prefix):
            self.client.delete_object(Bucket=self.bucket, Key=key)
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=prefix)
        for upload in [upload for page in pages for upload in page.get("Uploads", [])]:
            self.client.abort_multipart_upload(
                Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])


class GCSCleaner:
    def __init__(self, options: dict):
        import google.auth
        from google.api_core.client_options import ClientOptions
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        scopes = ["https://www.googleapis.com/auth/devstorage.read_write"]
        if options.get("anonymous") or options.get("emulator_host"):
            credentials = AnonymousCredentials()
        elif file := options.get("credentials_file"):
            credentials, _ = google.auth.load_credentials_from_file(file, scopes=scopes)
        else:
            credentials, _ = google.auth.default(scopes=scopes)
        endpoint = options.get("endpoint")
        self.client = storage.Client(
            project=options.get("project", "none"), credentials=credentials,
            client_options=ClientOptions(api_endpoint=endpoint) if endpoint else None)
        self.bucket = self.client.bucket(options["bucket"])

    def names(self, prefix: str) -> list[str]:
        return [blob.name for blob in self.client.list_blobs(self.bucket, prefix=prefix)]

    def remove(self, prefix: str) -> None:
        for name in self.names(prefix):
            self.bucket.blob(name).delete()


class AzureCleaner:
    def __init__(self, options: dict):
        from azure.storage.blob import BlobServiceClient

        account = options.get("account", "")
        endpoint = options.get("endpoint") or f"https://{account}.blob.core.windows.net"
        if "account_key" in options:
            credential = {"account_name": account, "account_key": options["account_key"]}
        elif "sas_token" in options:
            credential = options["sas_token"]
        elif "connection_string" in options:
            service = BlobServiceClient.from_connection_string(options["connection_string"])
            self.container = service.get_container_client(options["container"])
            return
        else:
            # In none of the tests' packages; whoever uses an identity installs it.
            from azure.identity import DefaultAzureCredential
            credential = DefaultAzureCredential()
        self.container = BlobServiceClient(endpoint, credential).get_container_client(options["container"])

    def names(self, prefix: str) -> list[str]:
        return [blob.name for blob in self.container.list_blobs(name_starts_with=prefix)]

    def remove(self, prefix: str) -> None:
        for name in self.names(prefix):
            self.container.delete_blob(name)


CLEANERS = {"s3": S3Cleaner, "gcs": GCSCleaner, "azblob": AzureCleaner}
