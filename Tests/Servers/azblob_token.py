"""The stand-in of the Azure Blob service, asked with tokens of the machine's identity."""

from Servers.azblob import AzureBlobServer


class AzureBlobTokenServer(AzureBlobServer):
    name = "azblob-token"

    @property
    def options(self) -> dict[str, str]:
        return {"container": self.container, "endpoint": self.endpoint, "metadata_endpoint": self.url}

    @property
    def environment(self) -> dict[str, str]:
        return {"AZURE_STORAGE_SERVICE_ENDPOINT": self.endpoint,
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}


SERVER = AzureBlobTokenServer
