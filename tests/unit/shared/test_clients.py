"""Clients of AWS: descriptions are read once, credentials each time."""

from __future__ import annotations

from pathlib import Path

import botocore.loaders
import pytest

from shared.aws.clients import open_client


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def test_a_second_client_reads_no_description_again(monkeypatch: pytest.MonkeyPatch) -> None:
    open_client("sqs", "the queue")
    read: list[str] = []
    load = botocore.loaders.JSONFileLoader.load_file
    monkeypatch.setattr(
        botocore.loaders.JSONFileLoader,
        "load_file",
        lambda self, path: read.append(Path(path).name) or load(self, path),
    )
    open_client("sqs", "the queue")
    assert read == []
    open_client("dynamodb", "the table")
    assert [name for name in read if "endpoints" in name or "partitions" in name] == []


def test_each_client_has_the_credentials_and_the_region_of_its_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = open_client("sqs", "the queue")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "two")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    second = open_client("sqs", "the queue")
    keys = [each._request_signer._credentials.access_key for each in (first, second)]
    assert keys == ["one", "two"]
    assert [each.meta.region_name for each in (first, second)] == ["eu-west-1", "eu-central-1"]


def test_folders_of_descriptions_do_not_pile_up() -> None:
    folders = [open_client("s3", "the lake")._loader.search_paths for _ in range(3)]
    assert len(folders[0]) == len({*folders[0]}) == len(folders[2])
