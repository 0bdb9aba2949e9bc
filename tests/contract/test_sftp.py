"""Files onto a real SFTP server: whole or not at all, and to the server that is meant alone."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from infra.local import runtime
from shared.errors import ConfigurationError, CredentialError
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from shared.sftp import SftpDrop
from shared.transports import transports
from tests.contract.sftp_server import PASSWORD, Served, serving

WAIT = 10.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "in").mkdir()
    with serving(tmp_path) as served:
        yield served


def login(server: Served, **change: str | None) -> str:
    told = {**server.login, **change}
    return json.dumps({name: value for name, value in told.items() if value is not None})


def put(server: Served, told: str, path: str = "/in/vips.csv", method: str = "PUT") -> HttpAnswer:
    request = HttpRequest(
        method=method,
        url=f"{server.url}{path}",
        headers={"authorization": f"SFTP {told}"},
        body=b"a,b\n1,2\n",
    )
    return SftpDrop().send(request, WAIT)


@pytest.mark.parametrize("posix", [True, False])
def test_a_file_gets_its_name_when_it_is_whole_and_again_is_the_same(
    server: Served, posix: bool
) -> None:
    server.posix = posix
    for _ in range(2):
        assert put(server, login(server)).status == 201
    assert [one.name for one in (server.folder / "in").iterdir()] == ["vips.csv"]
    assert (server.folder / "in" / "vips.csv").read_bytes() == b"a,b\n1,2\n"
    assert server.renamed == ["/in/vips.csv.part /in/vips.csv"] * 2


def test_another_host_key_ends_it_before_anything_is_said(server: Served) -> None:
    other = paramiko.ECDSAKey.generate()
    told = login(server, host_key=f"{other.get_name()} {other.get_base64()} owner@host")
    with pytest.raises(CredentialError, match="not the one in the credentials: nothing was sent"):
        put(server, told)
    assert server.users == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"host_key": None}, "lack host_key"),
        ({"host_key": "AAAA"}, "lack host_key as"),
        ({"user": None}, "lack user"),
        ({"password": None}, "lack password or private_key"),
        ({"private_key": "s3cr3t-pass"}, "private_key for sftp:// cannot be read"),
        ({"host_key": "ssh-dss AAAA"}, "of a kind that is not spoken"),
    ],
)
def test_credentials_that_lack_something_say_so_and_nothing_else(
    server: Served, change: dict[str, str | None], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        put(server, login(server, **change))
    assert PASSWORD not in str(caught.value)
    assert server.users == []


def test_credentials_that_are_no_json_say_so(server: Served) -> None:
    with pytest.raises(ConfigurationError, match="are a JSON object"):
        put(server, "s3cr3t")


def test_a_private_key_opens_too(server: Served) -> None:
    server.known = paramiko.ECDSAKey.generate()
    text = io.StringIO()
    server.known.write_private_key(text)
    told = login(server, password=None, private_key=text.getvalue())
    assert put(server, told).status == 201


def test_what_is_wrong_is_told_as_by_http(server: Served) -> None:
    assert put(server, login(server, password="wrong")).status == 401
    assert put(server, login(server), "/none/vips.csv").status == 404
    assert put(server, login(server), "/in", "HEAD").status == 200
    assert put(server, login(server), "/none", "HEAD").status == 404
    assert put(server, login(server), method="GET").status == 405
    server.port = 9
    assert put(server, login(server)).status == 0


def test_where_nothing_speaks_sftp_it_is_said() -> None:
    request = HttpRequest(method="PUT", url="sftp://files.example/x")
    with pytest.raises(ConfigurationError, match=r"sftp:// cannot be sent to from here, only http"):
        transports(RequestsHttp()).send(request, WAIT)


def test_without_its_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    monkeypatch.delitem(sys.modules, "shared.sftp")
    with pytest.raises(ConfigurationError, match=r"pip install 'audience-bridge\[sftp\]'"):
        runtime._sftp()
