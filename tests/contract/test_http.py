"""The seam to the network, against real sockets on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from shared.errors import ConfigurationError
from shared.ports import Http, HttpRequest
from shared.requests_http import DETAIL, FAULT, RequestsHttp

Seen = list[tuple[str, str, dict[str, str], bytes, int]]


class Handler(BaseHTTPRequestHandler):
    """Answers by path and remembers what came."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[Seen] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {k.lower(): v for k, v in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body, self.client_address[1]))
        match self.path.partition("?")[0]:
            case "/hang":
                time.sleep(1.5)
            case "/trickle":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                for _ in range(15):
                    self.wfile.write(b"x" * 1)
                    self.wfile.flush()
                    time.sleep(0.1)
            case "/reset":
                self.connection.shutdown(socket.SHUT_RDWR)
            case "/cut":
                self._answer(200, b"half", length=100)
                self.close_connection = True
            case "/chunks" | "/cut-chunks":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"3\r\none\r\n3\r\ntwo\r\n")
                self.wfile.write(b"0\r\n\r\n" if self.path == "/chunks" else b"9\r\nth")
                self.close_connection = True
            case "/redirect":
                self._answer(302, b"", location="/ok")
            case "/gzip":
                self._answer(200, gzip.compress(b"plain"), content_encoding="gzip")
            case "/429":
                self._answer(429, b"slow", retry_after="7", set_cookie="a=b")
            case _:
                self._answer(200, body or b"none", x_Mixed_Case="Yes")

    do_GET = do_POST  # noqa: N815

    def _answer(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def http() -> Iterator[RequestsHttp]:
    adapter = RequestsHttp()
    yield adapter
    adapter.close()


@pytest.fixture
def seen() -> Seen:
    Handler.seen.clear()
    return Handler.seen


def get(http: Http, url: str, timeout_seconds: float = 5.0) -> tuple[int, dict[str, str], bytes]:
    answer = http.send(HttpRequest(method="GET", url=url), timeout_seconds)
    return answer.status, dict(answer.headers), answer.body


def test_the_exact_bytes_and_headers_go_out(http: Http, base: str, seen: Seen) -> None:
    request = HttpRequest(
        method="POST",
        url=f"{base}/v1/users?a=%40b",
        headers={"Authorization": "Bearer x", "Content-Type": "application/json"},
        body=b'{"a": "\xc3\xa9"}\n',
    )
    answer = http.send(request, 5.0)
    method, path, headers, body, _ = seen[0]
    assert (method, path, body) == ("POST", "/v1/users?a=%40b", request.body)
    assert headers["authorization"] == "Bearer x"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(request.body))
    assert (answer.status, answer.body) == (200, request.body)
    assert answer.headers["x-mixed-case"] == "Yes"


def test_answers_come_as_they_are(http: Http, base: str, seen: Seen) -> None:
    assert get(http, f"{base}/redirect")[0] == 302
    assert get(http, f"{base}/gzip")[2] == b"plain"
    assert get(http, f"{base}/chunks")[2] == b"onetwo"
    status, headers, body = get(http, f"{base}/429")
    assert (status, headers["retry-after"], body) == (429, "7", b"slow")
    assert get(http, f"{base}/ok")[0] == 200
    assert len(seen) == 5
    assert "cookie" not in seen[-1][2]


def test_connections_are_kept(http: Http, base: str, seen: Seen) -> None:
    for _ in range(3):
        get(http, f"{base}/ok")
    assert len({port for *_, port in seen}) == 1


def _refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (lambda base: _refused(), "refused"),
        (lambda base: "http://no-such-host.invalid/", "refused"),
        (lambda base: f"{base}/hang", "timeout"),
        (lambda base: f"{base}/trickle", "timeout"),
        (lambda base: f"{base}/reset", "reset"),
        (lambda base: f"{base}/cut", "reset"),
        (lambda base: f"{base}/cut-chunks", "reset"),
        (lambda base: base.replace("http:", "https:"), "reset"),
    ],
    ids=["refused", "no name", "hang", "trickle", "reset", "cut", "cut chunks", "no tls"],
)
def test_a_network_fault_is_an_answer_of_status_0(
    http: Http, base: str, url: Callable[[str], str], fault: str
) -> None:
    status, headers, body = get(http, url(base), timeout_seconds=0.5)
    assert (status, headers[FAULT], body) == (0, fault, b"")
    assert headers[DETAIL].isidentifier()


def test_nothing_is_sent_twice(http: Http, base: str, seen: Seen) -> None:
    for path in ("/reset", "/cut", "/hang"):
        get(http, base + path, timeout_seconds=0.3)
    assert [path for _, path, *_ in seen] == ["/reset", "/cut", "/hang"]


def test_the_environment_adds_nothing(
    http: Http, base: str, seen: Seen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert get(http, f"{base}/ok")[0] == 200
    assert "authorization" not in seen[0][2]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("not a url", {}),
        ("ftp://x/", {}),
        ("http://", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1/", {"authorization": "hunter2\r\nx: y"}),
    ],
)
def test_what_cannot_be_sent_is_a_configuration_error(
    http: Http, url: str, headers: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        http.send(HttpRequest(method="POST", url=url, headers=headers), 1.0)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_threads_share_the_pool(http: Http, base: str) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(get(http, f"{base}/ok")[0]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
