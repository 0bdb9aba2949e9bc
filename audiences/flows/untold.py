"""Untold: what somebody has not heard yet lies in a few places of small state until they have.

A notice is put there before anybody is told of it, and goes when all have heard. Of each who is
told a mark is kept: first a claim that ends by itself, then that they have heard. So a notice that
cannot be delivered is told at the next occasion, and nobody who has heard hears it again; only
where the bridge dies between the telling and the mark somebody may hear twice.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from shared.log import log
from shared.ports import KeyValue, Notice, Notify

PLACES = tuple(f"untold/{number}" for number in range(20))
KEEP_SECONDS = 7 * 24 * 3600  # older news is none
_HEARD = "heard"
_HEARD_SECONDS = 30 * 24 * 3600
_CLAIM_SECONDS = 120  # longer than it takes to tell one
_CATCH_UP_SECONDS = 20.0  # a run that has ended does not wait longer for older news


@dataclass(frozen=True, slots=True)
class Untold:
    """Tells whoever has not heard yet, by the names under which that is noted."""

    notify: Mapping[str, Notify]
    kv: KeyValue

    def tell(self, notice: Notice | None, mark: str) -> None:
        """Tell of something new, if there is something, and then of what lies here.

        Who does not answer is not asked again in the same call.

        Raises:
            BridgeError: when small state cannot be reached.
        """
        until, silent = time.monotonic() + _CATCH_UP_SECONDS, set[str]()
        if notice is not None and self.notify:
            text = json.dumps({"mark": mark, **asdict(notice)}, ensure_ascii=False)
            self._tell(text, self._placed(text), silent)
        for place in PLACES:
            if not self.notify.keys() - silent or time.monotonic() > until:
                return
            found = self.kv.get(place)
            if found is not None:
                self._tell(found, place, silent)

    def _placed(self, text: str) -> str:
        """Put a notice where it outlives this process; return the place, "" when all are taken."""
        for place in PLACES:
            if self.kv.put(place, text, ttl_seconds=KEEP_SECONDS, if_absent=True):
                return place
            if self.kv.get(place) == text:
                return place
        return ""

    def _tell(self, text: str, place: str, silent: set[str]) -> None:
        """Tell all who have not heard it, and clear its place when none is left."""
        value = json.loads(text)
        mark, notice = str(value.pop("mark")), Notice(**value)
        heard = [self._has_heard(name, notice, mark, silent) for name in self.notify]
        if place and all(heard):
            self.kv.delete(place, if_value=text)

    def _has_heard(self, name: str, notice: Notice, mark: str, silent: set[str]) -> bool:
        key, claim = f"told/{mark}/{notice.kind}/{name}", secrets.token_hex(8)
        if name in silent:
            return False
        if not self.kv.put(key, claim, ttl_seconds=_CLAIM_SECONDS, if_absent=True):
            return self.kv.get(key) == _HEARD  # else somebody is at it, or died at it
        try:
            self.notify[name].tell(notice)
        except Exception as error:  # noqa: BLE001 - the others must hear of it
            log("not_notified", level="error", error=error, place=name)
            silent.add(name)
            self.kv.delete(key, if_value=claim)
            return False
        self.kv.put(key, _HEARD, ttl_seconds=_HEARD_SECONDS)
        return True
