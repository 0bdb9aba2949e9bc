"""Secrets of a workspace on this machine: from the environment, a file, or AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from shared.errors import ConfigurationError
from shared.ports import Secrets

SANDBOX = "sandbox"
_HOW = "write env:NAME, file:PATH or secret://NAME"


class LocalSecrets:
    """Resolves `env:NAME`, `file:PATH` below the workspace, `secret://NAME`, and `sandbox`."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        remote: Secrets | None = None,
    ) -> None:
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self._remote = remote

    def resolve(self, reference: str) -> str:
        """Return the secret's text.

        Raises:
            ConfigurationError: when the reference names nothing; it repeats the reference only
                when that has a known scheme, as it may be the secret itself.

        """
        if reference == SANDBOX:
            return SANDBOX
        if reference.startswith("secret://"):
            return self._aws().resolve(reference)
        scheme, _, name = reference.partition(":")
        if scheme not in ("env", "file") or not name:
            raise ConfigurationError(f"credentials are not a reference: {_HOW}")
        text = self._variable(name) if scheme == "env" else self._file(name, reference)
        if not text.strip():
            raise ConfigurationError(f"{reference} is not set, or empty")
        return text.strip()

    def store(self, reference: str, text: str) -> None:
        """Replace the text of `file:PATH` or `secret://NAME`.

        Raises:
            ConfigurationError: when it is of another kind, or cannot be written.

        """
        if reference.startswith("secret://"):
            self._aws().store(reference, text)
            return
        scheme, _, name = reference.partition(":")
        if scheme != "file":
            raise ConfigurationError(f"{scheme}: is read-only; use file:PATH or secret://NAME")
        path = self._folder / name
        beside = path.with_name(f".{path.name}.new")
        try:
            beside.touch(mode=0o600)
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{reference} cannot be written in {self._folder}") from error

    def _variable(self, name: str) -> str:
        return self._environment.get(name, "")

    def _file(self, name: str, reference: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"{reference} cannot be read in {self._folder}"
            raise ConfigurationError(message) from error

    def _aws(self) -> Secrets:
        if self._remote is None:
            # boto3 takes a third of a second to import; most workspaces never need it.
            from shared.aws.secrets import connect  # noqa: PLC0415

            self._remote = connect()
        return self._remote
