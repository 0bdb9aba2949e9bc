"""What the store on S3 promises beyond the contract: how it is opened, and what errors mean."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from infra.local.store import open_store
from shared.aws import uploads
from shared.aws.store import S3Store, connect
from shared.errors import ConfigurationError, CredentialError, RetryableError
from shared.ports import Store
from shared.settings import S3, Settings


def keys(store: Store, prefix: str = "") -> list[str]:
    return [file.key for file in store.list(prefix)]


def test_settings_open_a_bucket(endpoint: str, bucket: str, tmp_path: Path) -> None:
    settings = Settings(
        folder=tmp_path,
        name="w",
        lake=f"s3://{bucket}/p",
        secret="env:X",
        s3=S3(endpoint, "eu-west-1"),
    )
    store = open_store(settings)
    assert isinstance(store, S3Store)
    store.put("a", b"x")
    assert keys(connect(f"s3://{bucket}", endpoint)) == ["p/a"]


def test_a_bucket_that_is_not_there_is_a_configuration_error(endpoint: str) -> None:
    store = connect("s3://no-such-bucket/x", endpoint)
    for use in (
        lambda: store.put("a", b"x"),
        lambda: store.get("a"),
        lambda: keys(store),
        lambda: store.delete(["a"]),
    ):
        with pytest.raises(ConfigurationError, match="no-such-bucket"):
            use()


def test_s3_out_of_reach_is_retryable(endpoint: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        config=boto3.session.Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(RetryableError):
        S3Store("s3://b", client).put("a", b"x")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", CredentialError),
        ("ExpiredToken", CredentialError),
        ("NoSuchBucket", ConfigurationError),
        ("SlowDown", RetryableError),
        ("InternalError", RetryableError),
    ],
)
def test_answers_of_s3_are_sorted_by_what_to_do(
    endpoint: str, code: str, expected: type[Exception]
) -> None:
    client = boto3.client("s3", endpoint_url=endpoint)

    def answer(request: object, **_: object) -> object:
        body = f"<Error><Code>{code}</Code></Error>".encode()
        raw = type("Raw", (), {"stream": lambda self, **_: iter([body])})()
        return AWSResponse("http://s3", 400, {}, raw)

    client.meta.events.register("before-send.s3", answer)
    with pytest.raises(expected, match=code):
        S3Store("s3://b", client).put("a", b"x")


@pytest.mark.parametrize("url", ["s3://", "http://bucket", "bucket", "file:///x"])
def test_what_is_no_s3_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        S3Store(url, None)


def test_a_huge_file_is_uploaded_in_parts_and_never_over_another(
    endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "ONE_CALL", 1_000)
    monkeypatch.setattr(uploads, "PART", 5 << 20)  # S3's least
    store = connect(f"s3://{bucket}/p", endpoint)
    content = b"0123456789" * 600_000
    path = tmp_path / "huge"
    path.write_bytes(content)
    assert store.upload(path, "huge", if_absent=True)
    assert store.get("huge") == content
    path.write_bytes(b"other" * 1_000)
    assert not store.upload(path, "huge", if_absent=True)
    assert store.get("huge") == content
