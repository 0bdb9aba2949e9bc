"""Define: read, check, replace and remove the files that say who is in an audience; no lake."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import BridgeError, ConfigurationError, Fault, RetryableError
from shared.ports import KeyValue, Store

if TYPE_CHECKING:
    from audiences.rules.spec import Audience

LARGEST = 256 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FOLDER = "audiences"
_LOCK_SECONDS = 30


class ChangedError(BridgeError):
    """The file is not, or no longer, what the caller takes it for: read it again first."""

    code = "changed"


class InUseError(BridgeError):
    """Another audience names this one."""

    code = "in_use"


@dataclass(frozen=True, slots=True)
class Files:
    """Where audience and destination files stand: `audiences/NAME.yaml`, `destinations/…`."""

    audiences: Store  # its keys are NAME.yaml
    destinations: Store
    kv: KeyValue  # for the lock


@dataclass(frozen=True, slots=True)
class Defined:
    """One audience's file and the tag of this version of it."""

    name: str
    text: str

    @property
    def tag(self) -> str:
        """The version: a digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


def is_name(name: str) -> bool:
    """Say whether a text may be the name of an audience."""
    return _NAME.fullmatch(name) is not None


def names(store: Store) -> list[str]:
    """Return the names of all files."""
    found = [file.key.removesuffix(".yaml") for file in store.list("") if "/" not in file.key]
    return [name for name in found if is_name(name)]


def read(files: Files, name: str) -> Defined | None:
    """Return an audience's file, or None when there is none."""
    data = files.audiences.get(f"{name}.yaml") if is_name(name) else None
    return None if data is None else Defined(name, data.decode(errors="replace"))


def last_build(lake: Store, name: str) -> dict[str, Any] | None:
    """Return when an audience was last built and how many rows it has, or None."""
    manifests = [file.key for file in lake.list(f"members/{name}/_manifests/")]
    data = lake.get(manifests[-1]) if manifests else None
    if data is None:
        return None
    manifest = json.loads(data)
    return {"rows": manifest["rows"], "at": manifest["about"].get("at")}


def replace(files: Files, name: str, text: str, expected: str | None) -> tuple[Defined, bool]:
    """Check an audience's new text and write it; return it, and whether it is a new audience.

    `expected` is the tag of the version that the caller means to replace; `*` for any, and None
    for none: there must be no such audience yet.

    Raises:
        ConfigurationError: with every fault of the text.
        ChangedError: when what is there is not what was expected.
    """
    new = Defined(name, text)
    with _alone(files.kv):
        before = read(files, name)
        _check_tag(before, expected)
        _check(files, new)
        files.audiences.put(f"{name}.yaml", text.encode())
    return new, before is None


def remove(files: Files, name: str, expected: str) -> None:
    """Remove an audience's file; platforms keep what they hold until they are emptied.

    Raises:
        ChangedError: when what is there is not what was expected.
        InUseError: when another audience names it.
    """
    with _alone(files.kv):
        _check_tag(read(files, name), expected)
        users = [each for each, rule in _others(files, name).items() if name in _named(rule)]
        if users:
            raise InUseError(f"it is named by {', '.join(users[:5])}")
        files.audiences.delete([f"{name}.yaml"])


def _named(rule: Audience) -> set[str]:
    from audiences.rules.tree import MemberOf, leaves  # noqa: PLC0415

    members = {leaf.name for leaf in leaves(rule.where) if isinstance(leaf, MemberOf)}
    return members | set(rule.suppress)


def as_yaml(data: bytes) -> str:
    """Return a body as the text of a file: YAML as it came, JSON laid out anew.

    Raises:
        ConfigurationError: when it is not UTF-8 text.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(Fault("1", "not UTF-8", "send UTF-8 text")) from error
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    # YAML takes JSON, but no tabs between its values.
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _check_tag(before: Defined | None, expected: str | None) -> None:
    if expected is None and before is not None:
        raise ChangedError("there is an audience of that name")
    if expected is not None and before is None:
        raise ChangedError("there is no audience of that name")
    if expected not in (None, "*") and before is not None and before.tag != expected:
        raise ChangedError("the audience was changed by somebody else")


def _check(files: Files, new: Defined) -> None:
    from audiences.rules import graph, spec  # noqa: PLC0415 - sqlglot takes half a second

    rule = spec.parse(new.text, f"{_FOLDER}/{new.name}.yaml")
    faults: list[Fault] = []
    try:
        graph.order({**_others(files, new.name), new.name: rule}, new.name)
    except ConfigurationError as error:
        faults += error.faults
    known = names(files.destinations)
    faults += [
        Fault(f"{_FOLDER}/{new.name}.yaml", f"there is no destination '{entry.to}'")
        for entry in rule.sync
        if entry.to not in known
    ]
    if faults:
        raise ConfigurationError(*faults)


def _others(files: Files, name: str) -> dict[str, Audience]:
    """Parse the other audiences; one that is broken is no fault of this one."""
    from audiences.rules import spec  # noqa: PLC0415

    found = {}
    for other in names(files.audiences):
        text = read(files, other)
        if other == name or text is None:
            continue
        with contextlib.suppress(ConfigurationError):
            found[other] = spec.parse(text.text, f"{_FOLDER}/{other}.yaml")
    return found


@contextlib.contextmanager
def _alone(kv: KeyValue) -> Iterator[None]:
    """Let one writer at a time compare and write."""
    owner = secrets.token_hex(8)
    if not kv.put("lock/audiences", owner, ttl_seconds=_LOCK_SECONDS, if_absent=True):
        raise RetryableError("somebody else is changing an audience; send again")
    try:
        yield
    finally:
        kv.delete("lock/audiences", if_value=owner)
