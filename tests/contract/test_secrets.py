"""Secrets by reference: from the environment, a file, and AWS; no error repeats a value."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from infra.local.secrets import LocalSecrets
from shared.aws.secrets import SecretsManager
from shared.errors import BridgeError, ConfigurationError, CredentialError
from tests.fakes import FakeSecrets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".bridge").mkdir()
    (tmp_path / ".bridge/secret").write_text("from-file\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    return tmp_path


def secrets(folder: Path) -> LocalSecrets:
    environment = {"TOKEN": " from-env\n", "EMPTY": ""}
    return LocalSecrets(
        folder, environment=environment, remote=FakeSecrets({"secret://ads/meta": "from-aws"})
    )


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("env:TOKEN", "from-env"),
        ("file:.bridge/secret", "from-file"),
        ("secret://ads/meta", "from-aws"),
        ("sandbox", "sandbox"),
    ],
)
def test_a_reference_becomes_its_value(folder: Path, reference: str, value: str) -> None:
    assert secrets(folder).resolve(reference) == value


def test_an_absolute_path_is_taken_as_it_is(folder: Path) -> None:
    elsewhere = LocalSecrets(folder / "other")
    assert elsewhere.resolve(f"file:{folder / '.bridge/secret'}") == "from-file"


@pytest.mark.parametrize(
    "reference",
    ["env:NOT_SET", "env:EMPTY", "file:nowhere", "file:empty", "file:binary", "secret://none"],
)
def test_what_names_nothing_is_named(folder: Path, reference: str) -> None:
    with pytest.raises(ConfigurationError, match=reference):
        secrets(folder).resolve(reference)


@pytest.mark.parametrize(
    "reference", ["hunter2", "", "env:", "file:", "token:hunter2", "ENV:hunter2"]
)
def test_a_secret_in_clear_is_not_repeated(folder: Path, reference: str) -> None:
    with pytest.raises(ConfigurationError, match="env:NAME") as caught:
        secrets(folder).resolve(reference)
    assert "hunter2" not in str(caught.value)


@pytest.fixture(scope="module")
def manager(endpoint: str) -> SecretsManager:
    client = boto3.client("secretsmanager", endpoint_url=endpoint)
    client.create_secret(Name="ads/meta", SecretString="from-aws\n")
    client.create_secret(Name="ads/binary", SecretBinary=b"hunter2")
    return SecretsManager(client)


def test_secrets_manager_returns_the_text(manager: SecretsManager) -> None:
    assert manager.resolve("secret://ads/meta") == "from-aws"


@pytest.mark.parametrize("reference", ["secret://ads/none", "secret://ads/binary"])
def test_secrets_manager_names_what_it_has_not(manager: SecretsManager, reference: str) -> None:
    with pytest.raises(ConfigurationError, match=reference) as caught:
        manager.resolve(reference)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("reference", ["ads/meta", "secret://", ""])
def test_secrets_manager_takes_its_own_references_only(
    manager: SecretsManager, reference: str
) -> None:
    with pytest.raises(ConfigurationError, match="secret://NAME"):
        manager.resolve(reference)


def test_without_aws_credentials_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(CredentialError, match="secret://ads/meta"):
        LocalSecrets(tmp_path).resolve("secret://ads/meta")


def test_without_a_region_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BridgeError, match="region"):
        LocalSecrets(tmp_path).resolve("secret://ads/meta")
