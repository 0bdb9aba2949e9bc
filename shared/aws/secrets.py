"""Secrets from AWS Secrets Manager, by `secret://NAME`."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.clients import open_client
from shared.aws.errors import asking, told
from shared.errors import ConfigurationError

SCHEME = "secret://"


def connect(region: str | None = None) -> SecretsManager:
    """Open Secrets Manager with credentials from where AWS's tools look for them."""
    return SecretsManager(open_client("secretsmanager", "Secrets Manager", region_name=region))


class SecretsManager:
    """Resolves `secret://NAME` to the text of the secret of that name."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def resolve(self, reference: str) -> str:
        """Return the secret's text.

        Raises:
            ConfigurationError: when there is no such secret, or it is empty or not text.

        """
        name = reference.removeprefix(SCHEME)
        if name == reference or not name:
            raise ConfigurationError(f"a secret in AWS is written {SCHEME}NAME")
        with asking(reference):
            answer = self._client.get_secret_value(SecretId=name)
        text = str(answer.get("SecretString") or "").strip()
        if not text:
            raise ConfigurationError(f"{reference} is empty or not text")
        return text

    def store(self, reference: str, text: str) -> None:
        """Put a new version of the secret.

        Raises:
            ConfigurationError: when there is no such secret, or this role may not write it.

        """
        name = reference.removeprefix(SCHEME)
        try:
            self._client.put_secret_value(SecretId=name, SecretString=text)
        except (ClientError, BotoCoreError) as error:
            raise ConfigurationError(f"{reference}: {told(error, reference)}") from error
