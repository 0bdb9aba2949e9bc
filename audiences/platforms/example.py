"""A commented destination file for any platform, written from its declaration."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from audiences.platforms.base import Platform, Setting
from audiences.platforms.limits import SETTINGS, settings_of
from audiences.platforms.modes import modes

SANDBOX = "http://127.0.0.1:8900"
_WIDTH = 79


def example(platform: Platform, name: str) -> str:
    """Return a destination file that points at the sandbox; its comments say how to go live."""
    return "\n".join(_lines(platform, name)) + "\n"


def _lines(platform: Platform, name: str) -> Iterator[str]:
    of = " and ".join(sorted(platform.of, reverse=True))
    yield from _comment(f"{platform.title}: audiences of {of}; modes {', '.join(modes(platform))}.")
    yield from _comment(f"It takes {', '.join(key.wire for key in platform.keys)}.")
    yield f"# {platform.docs}"
    yield f"name: {name}  # as the file; audiences say `to: {name}`"
    yield f"platform: {platform.slug}"
    yield from _comment(f"account: {platform.account}.")
    yield f'account: "{_account(platform)}"'
    yield from _comment(
        f"credentials: `sandbox` opens the stand-in alone. For the real one write "
        f"env:{_env(platform)}, file:PATH or secret://NAME, where this is: {platform.credentials}."
    )
    yield "credentials: sandbox"
    yield f"base_url: {SANDBOX}/{platform.slug}  # {_real(platform)}"
    yield "consent: {require: [ad_user_data, ad_personalization], in: EEA}  # else it is not sent"
    yield "guard: {max_removed_percent: 20, max_change_percent: 50}  # more waits for approval"
    own = [setting for setting in settings_of(platform) if setting not in SETTINGS]
    if own:
        needed = any(setting.example for setting in own)
        yield "options:" if needed else "# options:"
        for setting in sorted(own, key=lambda setting: not setting.example):
            yield from _option(setting)


def _option(setting: Setting) -> Iterator[str]:
    if setting.example:
        yield from _comment(setting.says, "  # ")
        yield f'  {setting.name}: "{setting.example}"'
        return
    choices = f"; one of {', '.join(filter(None, setting.choices))}" if setting.choices else ""
    doubt = "" if setting.verified else " (not verified)"
    yield from _comment(f"{setting.says}{choices}{doubt}", "#   # ")
    yield f'#   {setting.name}: "{setting.default}"'


def _comment(text: str, mark: str = "# ") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=mark,
        subsequent_indent=mark,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _account(platform: Platform) -> str:
    """Return the example that the platform's own words give, else a number."""
    given = re.search(r"\bas `([^`]+)`", platform.account)
    return given[1] if given else "1234567890"


def _env(platform: Platform) -> str:
    return f"{platform.slug.upper()}_CREDENTIALS"


def _real(platform: Platform) -> str:
    """Say what stands here for the real platform: nothing, where it has an address of its own."""
    if ".invalid" in platform.base_url:
        return f"the sandbox; yours is {max(platform.schemes)}://…"
    return "the sandbox; leave it out for the real API"
