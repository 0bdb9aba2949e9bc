"""An SFTP server on loopback that keeps its files in a folder, for tests."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

USER, PASSWORD = "drop", "s3cr3t-pass"


@dataclass(slots=True)
class Served:
    """Where the server listens, its key, and what was asked of it."""

    folder: Path
    key: paramiko.PKey
    port: int = 0
    posix: bool = True  # whether it renames onto what is there
    known: paramiko.PKey | None = None  # the user's public key
    renamed: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"sftp://127.0.0.1:{self.port}"

    @property
    def login(self) -> dict[str, str]:
        """What a destination's credentials hold."""
        host_key = f"{self.key.get_name()} {self.key.get_base64()}"
        return {"user": USER, "password": PASSWORD, "host_key": host_key}


class _Door(paramiko.ServerInterface):
    def __init__(self, served: Served) -> None:
        self.served = served

    def check_auth_password(self, username: str, password: str) -> int:
        self.served.users.append(username)
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.served.users.append(username)
        good = username == USER and key == self.served.known
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.writefile.fileno()))


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: _Door, *args: object, **kwargs: object) -> None:
        super().__init__(server)
        self.served = server.served

    def _at(self, path: str) -> Path:
        return self.served.folder / path.lstrip("/")

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle | int:
        try:
            opened = self._at(path).open("wb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = _Handle(flags)
        handle.filename = path
        handle.writefile = opened
        return handle

    def remove(self, path: str) -> int:
        try:
            self._at(path).unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._at(newpath).exists():
            return paramiko.SFTP_FAILURE
        return self._move(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._move(oldpath, newpath) if self.served.posix else paramiko.SFTP_OP_UNSUPPORTED

    def _move(self, old: str, new: str) -> int:
        self._at(old).replace(self._at(new))
        self.served.renamed.append(f"{old} {new}")
        return paramiko.SFTP_OK


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a folder until the end."""
    served = Served(folder, paramiko.ECDSAKey.generate())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served.port = listener.getsockname()[1]
        open_: list[paramiko.Transport] = []

        def accept() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                transport = paramiko.Transport(line)
                open_.append(transport)
                transport.add_server_key(served.key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
                try:
                    transport.start_server(server=_Door(served))
                except (EOFError, OSError, paramiko.SSHException):  # the client has gone
                    transport.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield served
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for transport in open_:
                transport.close()
