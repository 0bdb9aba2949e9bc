"""The seam to the network: one pooled session that sends exactly what it is given, once."""

from __future__ import annotations

import ssl
import time
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from shared.errors import ConfigurationError
from shared.ports import FAULT, HttpAnswer, HttpRequest

DETAIL = "x-bridge-detail"  # the class of the fault
_NOTHING_SENT = (
    requests.ConnectTimeout,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    ssl.SSLCertVerificationError,
)
_UNSENDABLE = "a URL or header cannot be sent: check base_url and credentials"
_AGENT = "audience-bridge"
_CHUNK = 64 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024


class RequestsHttp:
    """Sends requests over pooled connections: no retry, redirect, cookie, proxy or netrc."""

    def __init__(self, *, connections: int = 16) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        """Send one request and return its answer; never raises for a network fault.

        Raises:
            ConfigurationError: when URL or headers are none that can be sent.

        """
        deadline = time.monotonic() + timeout_seconds
        try:
            with self._session.send(
                _prepared(request), timeout=timeout_seconds, allow_redirects=False, stream=True
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = _body(response, deadline)
                return HttpAnswer(status=response.status_code, headers=headers, body=body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            detail = {FAULT: _fault(error), DETAIL: type(error).__name__}
            return HttpAnswer(status=0, headers=detail)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()


def _prepared(request: HttpRequest) -> requests.PreparedRequest:
    headers = {"user-agent": _AGENT, "accept-encoding": "gzip, identity", **request.headers}
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare(request.method, request.url, headers=headers, data=request.body or None)
    except (requests.RequestException, UnicodeError, ValueError) as error:
        # The text of the error may quote a header, which may hold a token.
        raise ConfigurationError(f"{_UNSENDABLE} ({type(error).__name__})") from None
    if urlsplit(prepared.url or "").scheme not in ("http", "https"):
        raise ConfigurationError(f"{_UNSENDABLE} (neither http nor https)")
    return prepared


def _body(response: requests.Response, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # read1 returns what has come; a plain read would wait until a whole chunk has.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
        if size > _LARGEST_ANSWER:
            raise requests.ConnectionError
    return b"".join(chunks)


def _fault(error: BaseException) -> str:
    if any(isinstance(one, _NOTHING_SENT) for one in _causes(error)):
        return "refused"
    return "timeout" if isinstance(error, requests.Timeout | TimeoutError) else "reset"


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in causes:
            causes.append(one)
            waiting += [*one.args, one.__cause__, one.__context__, getattr(one, "reason", None)]
    return causes
