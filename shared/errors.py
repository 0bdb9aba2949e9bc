"""Errors, sorted by what the caller must do next.

Our exception hierarchy:

    BridgeError
    ├── ConfigurationError   fix a file or a setting, then run again          (exit 2)
    ├── DataError            fix the input named in the message               (exit 1)
    ├── CredentialError      renew the credentials named in the message       (exit 1)
    ├── RetryableError       run again later; nothing was lost                (exit 1)
    ├── RejectedError        the platform will not take this; read its answer (exit 1)
    ├── IntegrityError       something changed behind our back; look first    (exit 1)
    └── GuardError           a person must approve, or change the limits      (exit 3)

No message ever holds a raw identifier, a token or a consent string.
"""

from __future__ import annotations

__all__ = [
    "BridgeError",
    "ConfigurationError",
    "CredentialError",
    "DataError",
    "Fault",
    "GuardError",
    "IntegrityError",
    "RejectedError",
    "RetryableError",
    "kind_of",
]

from dataclasses import dataclass


class BridgeError(Exception):
    """Root of every error that the bridge raises on purpose."""

    code = "error"
    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file that a person wrote: where it is, what it is, how to mend it."""

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        """Say the fault on one line: place, problem, fix."""
        return f"{self.where}: {self.what}" + (f" ({self.fix})" if self.fix else "")


class ConfigurationError(BridgeError):
    """A file or setting must be mended before anything can run; lists every fault at once."""

    code = "configuration"
    exit_code = 2

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = tuple(f if isinstance(f, Fault) else Fault("", f) for f in faults)
        super().__init__("\n".join(str(f).removeprefix(": ") for f in self.faults))


class DataError(BridgeError):
    """An input cannot be read as what it claims to be; nothing of it was kept."""

    code = "data"


class CredentialError(BridgeError):
    """A platform or store refuses the credentials; they must be renewed."""

    code = "credential"


class RetryableError(BridgeError):
    """The other side is busy or away; running again later is safe and loses nothing."""

    code = "retryable"


class RejectedError(BridgeError):
    """The platform understood the request and refuses it."""

    code = "rejected"


class IntegrityError(BridgeError):
    """What is stored is not what was written: a plan, a snapshot or the ledger was changed."""

    code = "integrity"


class GuardError(BridgeError):
    """The guard stopped a run whose change is larger than allowed; a token approves it."""

    code = "guard"
    exit_code = 3


def kind_of(code: str) -> type[BridgeError]:
    """Return the kind of error that has a code; the root for a code that none has."""
    return next((kind for kind in BridgeError.__subclasses__() if kind.code == code), BridgeError)
