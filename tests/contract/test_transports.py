"""Files go out as requests do, by the scheme of their URL, and are answered as by HTTP."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pytest

from shared.aws.drop import S3Drop, connect
from shared.errors import ConfigurationError
from shared.ports import HttpAnswer, HttpRequest
from shared.transports import Transports
from tests.fakes import FakeHttp


def put(url: str, body: bytes = b"a,b\n1,2") -> HttpRequest:
    return HttpRequest(method="PUT", url=url, headers={"content-type": "text/csv"}, body=body)


def answering(status: int) -> Callable[[], FakeHttp]:
    return lambda: FakeHttp(lambda _request: HttpAnswer(status=status))


def test_each_scheme_has_its_transport_and_it_is_made_once() -> None:
    made: list[int] = []

    def s3() -> FakeHttp:
        made.append(1)
        return answering(201)()

    both = Transports({"https": answering(202), "s3": s3})
    assert both.send(put("https://a.test/x"), 1.0).status == 202
    assert made == []
    assert [both.send(put("s3://bucket/x"), 1.0).status for _ in range(2)] == [201, 201]
    assert made == [1]


def test_a_scheme_that_nobody_speaks_is_said() -> None:
    with pytest.raises(ConfigurationError, match="ftp:// cannot be sent to from here, only https"):
        Transports({"https": answering(200)}).send(put("ftp://a.test/x"), 1.0)


def test_a_put_is_an_object_and_again_the_same(endpoint: str, bucket: str) -> None:
    drop = connect(endpoint, "eu-west-1")
    for _ in range(2):
        assert drop.send(put(f"s3://{bucket}/in/vips%20.csv"), 5.0).status == 200
    client = boto3.client("s3", endpoint_url=endpoint)
    found = client.get_object(Bucket=bucket, Key="in/vips .csv")
    assert (found["Body"].read(), found["ContentType"]) == (b"a,b\n1,2", "text/csv")
    head = HttpRequest(method="HEAD", url=f"s3://{bucket}/in")
    assert drop.send(head, 5.0).status == 200


def test_a_bucket_that_is_not_there_is_not_found(endpoint: str) -> None:
    assert connect(endpoint, "eu-west-1").send(put("s3://no-such-bucket/x"), 5.0).status == 404


def test_nobody_there_is_no_answer() -> None:
    drop: S3Drop = connect("http://127.0.0.1:9", "eu-west-1")
    assert drop.send(put("s3://bucket/x"), 5.0).status in (0, 401)
