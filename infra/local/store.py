"""The store on a disk: whole files below one folder, written beside and moved into place."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from shared import keys
from shared.errors import BridgeError, ConfigurationError, IntegrityError, RetryableError
from shared.ports import Store, StoredFile
from shared.settings import Settings

_TEMPORARY = ".tmp"
_numbers = itertools.count()


def open_store(settings: Settings) -> Store:
    """Open the store that a workspace names: a folder, or a bucket on S3."""
    if settings.lake.startswith("s3://"):
        # boto3 takes a third of a second to import, which a lake on disk need not pay.
        from shared.aws.store import connect  # noqa: PLC0415

        return connect(settings.lake, settings.s3.endpoint, settings.s3.region)
    return FileStore(settings.lake)


class FileStore:
    """Keeps files for their owner's eyes only; a reader sees a whole file or none."""

    def __init__(self, root: str | Path) -> None:
        self._root = _folder(root)
        self._temporary = self._root / _TEMPORARY
        self.url = self._root.as_uri()
        _sweep(self._temporary)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a file; with `if_absent`, return False and change nothing when it exists."""
        target = self._path(key)
        with _told(target), self._beside() as temporary:
            _write(temporary, io.BytesIO(data))
            return _place(temporary, target, if_absent=if_absent)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        """Move a finished local file to `key`; with `if_absent`, not over one that exists."""
        target = self._path(key)
        with _told(target), self._beside() as temporary:
            path.chmod(0o600)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            try:
                placed = _place(path, target, if_absent=if_absent)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with path.open("rb") as source:
                    _write(temporary, source)
                placed = _place(temporary, target, if_absent=if_absent)
            if placed:
                path.unlink(missing_ok=True)
            return placed

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes, or None when there is none."""
        path = self._path(key)
        with _told(path):
            try:
                with open(path, "rb", opener=_no_links) as file:
                    return file.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose key begins with `prefix`, in the order of their keys."""
        folder, _, _ = prefix.rpartition("/")
        start = self._path(f"{folder}/x").parent if folder else self._root
        with _told(start):
            yield from _walk(start, f"{folder}/" if folder else "", prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files, and folders that this leaves empty; one that is not there is no error."""
        for key in keys:
            path = self._path(key)
            with _told(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                _prune(path.parent, self._root)

    def _path(self, key: str) -> Path:
        path = self._root / keys.check(key)
        if not path.parent.resolve().is_relative_to(self._root):
            raise IntegrityError(f"a symbolic link leads out of {self._root}: remove it")
        return path

    @contextlib.contextmanager
    def _beside(self) -> Iterator[Path]:
        owner = f"{socket.gethostname()}-{os.getpid()}"
        temporary = self._temporary / f"{owner}-{next(_numbers)}"
        self._temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


def _no_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _write(path: Path, source: IO[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


def _place(finished: Path, target: Path, *, if_absent: bool = False) -> bool:
    while True:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if if_absent:
                os.link(finished, target)
            else:
                finished.replace(target)
        except FileExistsError:
            return False
        except FileNotFoundError:
            if not finished.exists():
                raise
            continue  # the folder was pruned as empty between the two calls
        _sync(target.parent)
        return True


def _folder(root: str | Path) -> Path:
    if isinstance(root, str) and "://" in root:
        url = urlsplit(root)
        if url.scheme != "file" or url.netloc not in ("", "localhost"):
            raise ConfigurationError(f"not a folder on this machine: {url.scheme}://{url.netloc}")
        root = unquote(url.path)
    return Path(root).resolve()


def _walk(folder: Path, base: str, prefix: str) -> Iterator[StoredFile]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    named = {
        entry.name + ("/" if entry.is_dir(follow_symlinks=False) else ""): entry
        for entry in entries
    }
    for name in sorted(named):  # with its slash, a folder sorts where its files' keys do
        key = base + name
        if name.startswith(".") or not (key.startswith(prefix) or prefix.startswith(key)):
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, key, prefix)
        elif key.startswith(prefix) and named[name].is_file(follow_symlinks=False):
            with contextlib.suppress(FileNotFoundError):
                yield StoredFile(key, named[name].stat(follow_symlinks=False).st_size)


def _prune(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    # What a killed process of this machine left behind may hold personal data.
    for path in folder.glob(f"{socket.gethostname()}-*-*"):
        owner = path.name.split("-")[-2]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (ValueError, PermissionError):
            continue


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _error(error, path) from error


def _error(error: OSError, path: Path) -> BridgeError:
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS | errno.ENOTDIR | errno.EEXIST | errno.EISDIR:
            message = f"cannot write or read in {path.parent}: {error.strerror}"
            return ConfigurationError(f"{message} (check who owns it, or name another folder)")
        case errno.ENOTSUP | errno.EMLINK:
            return ConfigurationError(f"{path.parent} is on a disk without hard links")
        case errno.ELOOP:
            return IntegrityError(f"a symbolic link stands at {path}: remove it")
        case errno.ENOSPC | errno.EDQUOT:
            return RetryableError(
                f"the disk that holds {path.parent} is full: free some space and run the same again"
            )
        case _:
            return RetryableError(f"{path.parent}: {error.strerror}")
