"""Files onto SFTP servers: a `PUT` is an upload under another name, then a rename; as HTTP answers.

The command has it with the extra `sftp`, and in AWS the function `drop` alone: paramiko is as large
as all else that sends.
"""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko

from shared.errors import ConfigurationError, CredentialError
from shared.ports import HttpAnswer, HttpRequest

_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
# What an RSA key is offered as; the first form of it, with SHA-1, is not taken.
_OFFERED = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


@dataclass(frozen=True, slots=True)
class _Login:
    user: str
    host_kind: str
    host_key: str  # base64
    password: str = field(default="", repr=False)
    key: Any = field(default=None, repr=False)


class SftpDrop:
    """Puts files; credentials come in the authorization header and are never sent as one."""

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        """Put one file whole, or look whether its folder is there; never raises for a fault.

        401 the server knows no such user, 403 it forbids, 404 no such folder, 0 no answer.

        Raises:
            ConfigurationError: when the credentials lack what is needed.
            CredentialError: when the server's host key is another than theirs.
        """
        login, parts = _login(request.headers), urlsplit(request.url)
        place = (parts.hostname or "", parts.port or 22)
        try:
            with _connected(place, login, timeout_seconds) as client:
                return HttpAnswer(status=_done(client, request, unquote(parts.path)))
        except paramiko.AuthenticationException:
            return HttpAnswer(status=401)
        except FileNotFoundError:
            return HttpAnswer(status=404)
        except PermissionError:
            return HttpAnswer(status=403)
        except (OSError, EOFError, paramiko.SSHException):
            return HttpAnswer(status=0)


def _login(headers: Mapping[str, str]) -> _Login:
    """Read the credentials.

    Raises:
        ConfigurationError: naming what is missing, never what is there.
    """
    try:
        told = json.loads(headers.get("authorization", "").removeprefix("SFTP "))
        given = {str(name): str(value) for name, value in told.items()}
    except (ValueError, AttributeError):
        raise ConfigurationError("credentials for sftp:// are a JSON object") from None
    kind, _, key = given.get("host_key", "").strip().partition(" ")
    missing = [name for name in ("user", "host_key") if not given.get(name)]
    missing += [] if {"password", "private_key"} & {*given} else ["password or private_key"]
    if missing or not key:
        lacks = missing[0] if missing else "host_key as 'ssh-ed25519 AAAA...'"
        raise ConfigurationError(
            f"credentials for sftp:// lack {lacks}: ask the server's owner for its host key, or "
            "read it with `ssh-keyscan HOST` and have it confirmed"
        )
    own = _private_key(given["private_key"]) if given.get("private_key") else None
    return _Login(given["user"], kind, key.split()[0], given.get("password", ""), own)


def _private_key(text: str) -> Any:
    for kind in _KINDS:
        with suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(text))
    raise ConfigurationError(
        "private_key for sftp:// cannot be read: write an OpenSSH or PEM key without a passphrase"
    )


@contextmanager
def _connected(
    place: tuple[str, int], login: _Login, timeout_seconds: float
) -> Iterator[paramiko.SFTPClient]:
    """Connect, and prove who the server is before it is told anything."""
    with socket.create_connection(place, timeout=timeout_seconds) as line:
        transport = paramiko.Transport(line)
        try:
            options = transport.get_security_options()
            wanted = _OFFERED.get(login.host_kind, (login.host_kind,))
            offered = tuple(kind for kind in options.key_types if kind in wanted)
            if not offered:
                raise ConfigurationError("host_key for sftp:// is of a kind that is not spoken")
            options.key_types = offered
            transport.start_client(timeout=timeout_seconds)
            if transport.get_remote_server_key().get_base64() != login.host_key:
                raise CredentialError(
                    f"the host key of {place[0]} is not the one in the credentials: nothing was "
                    "sent. Ask its owner whether it was changed"
                )
            _authenticate(transport, login)
            client = paramiko.SFTPClient.from_transport(transport)
            if client is None:
                raise EOFError
            client.get_channel().settimeout(timeout_seconds)
            yield client
        finally:
            transport.close()


def _authenticate(transport: paramiko.Transport, login: _Login) -> None:
    if login.key is not None:
        transport.auth_publickey(login.user, login.key)
    else:
        transport.auth_password(login.user, login.password)


def _done(client: paramiko.SFTPClient, request: HttpRequest, path: str) -> int:
    if request.method == "HEAD":
        client.stat(path or "/")
        return 200
    if request.method != "PUT":
        return 405
    # Whoever looks into the folder never finds half a file under its name.
    unfinished = f"{path}.part"
    client.putfo(io.BytesIO(request.body), unfinished)
    try:
        client.posix_rename(unfinished, path)
    except OSError:
        with suppress(FileNotFoundError):  # plain SFTP renames onto nothing only
            client.remove(path)
        client.rename(unfinished, path)
    return 201
