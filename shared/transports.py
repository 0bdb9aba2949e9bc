"""The network by scheme: HTTP as it is, and files put into buckets and onto SFTP servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.errors import ConfigurationError
from shared.ports import Http, HttpAnswer, HttpRequest


@dataclass(slots=True)
class Transports:
    """Sends each request by the transport of its URL's scheme, made when it is first needed."""

    makers: dict[str, Callable[[], Http]]
    _made: dict[str, Http] = field(default_factory=dict)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        """Send one request and return its answer; never raises for a network fault.

        Raises:
            ConfigurationError: when nothing here can speak the scheme.
        """
        scheme = urlsplit(request.url).scheme
        if scheme not in self._made:
            if scheme not in self.makers:
                known = ", ".join(f"{each}://" for each in sorted(self.makers))
                raise ConfigurationError(f"{scheme}:// cannot be sent to from here, only {known}")
            self._made[scheme] = self.makers[scheme]()
        return self._made[scheme].send(request, timeout_seconds)


def transports(http: Http, **more: Callable[[], Http]) -> Transports:
    """Return the transports of this machine, around the one for HTTP; `more` are by scheme."""
    return Transports({"http": lambda: http, "https": lambda: http, "s3": _s3, **more})


def _s3() -> Http:
    # boto3 takes a third of a second to import; most workspaces never need it.
    from shared.aws.drop import connect  # noqa: PLC0415

    return connect()
