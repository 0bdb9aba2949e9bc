"""Writes the pages of docs/ that say what declarations say: `make docs`."""

# ruff: noqa: E501 - a page has one sentence on a line

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from audiences.identifiers.packs import pack
from audiences.platforms import MODULES, platform
from audiences.platforms.base import Action, Op, Platform, Setting
from audiences.platforms.limits import SETTINGS, settings_of
from audiences.platforms.modes import modes

PAGE = Path(__file__).parent.parent / "docs" / "platforms.md"
_INTRO = """\
# Platforms

Written from the declarations in `audiences/platforms/` by `make docs`; a test holds it current.

A platform is one file: a declaration, and pure functions from rows to exact request bytes and from answers to outcomes.
It does no I/O, holds no credentials and normalises nothing; see `base.py` for the shape, [decision 8](decisions/0008-what-a-platform-declares.md) for why it is like that, and [CONTRIBUTING](../CONTRIBUTING.md) for how one is added.
The same suite (`tests/contract/`) runs over every platform of the registry, against the [sandbox](sandbox.md) over real HTTP.
"""
_DESTINATION = """\
## A destination

A destination is one account on a platform: a file `destinations/NAME.yaml` of the workspace.
`bridge platform list` names the platforms, and `bridge platform show tiktok > destinations/tiktok-main.yaml` writes a commented file for one, which points at the sandbox; `bridge init --with tiktok` does it for a new workspace.

```yaml
name: tiktok-main                  # as the file; audiences say `to: tiktok-main`
platform: tiktok                   # the first column of the table above
account: "7000000000000000000"     # in quotes: ids are text
credentials: env:TIKTOK_TOKEN      # where the secret is, never the secret itself
# everything below may be left out
audience_ids: {lapsed-vips: "2385"}   # else found or made by name, then remembered
base_url: http://127.0.0.1:8900/tiktok   # the sandbox; left out: the real API
options: {requests_at_once: "2"}   # below, of all platforms and of each
consent: {require: [ad_user_data, ad_personalization], in: EEA, unknown_country: outside}
guard: {max_removed_percent: 20, max_change_percent: 50, min_held: 0}
```

`account`, `credentials` and `options` differ from platform to platform; its section below says how.

| `credentials:` | The secret is |
|---|---|
| `env:NAME` | in the environment |
| `file:PATH` | in a file, seen from the workspace |
| `secret://NAME` | in AWS Secrets Manager |
| `sandbox` | the word `sandbox`: opens stand-ins on this machine alone |
| `role` | none: a bucket (`s3://`) is opened by the role of who writes |

Where credentials are JSON, the secret is one object, such as `{"client_id": "…", "client_secret": "…", "refresh_token": "…"}`.
A platform that gives a new refresh token with each renewal needs a secret that can be written: `file:` or `secret://`.

For a platform that takes raw UID2s or EUIDs, `uid2:` names the operator that maps e-mail addresses and phone numbers to them ([how](identifiers.md#uid2-and-euid)).

| Below `uid2:` | What it is | Default |
|---|---|---|
| `identity` | `uid2`, or `euid` for people in Europe | `uid2` |
| `credentials` | JSON with `api_key` and `client_secret`, as the operator gave them; in AWS their name begins with `ads/uid2` | |
| `base_url` | the operator's address; its integration environment gives other ids than production | the public operator |
| `optout_days` | a raw id is asked about once in so many days, whether it has opted out: 1 to 7, or 0 for never | 1 |
"""
_ANSWERS = """\
## What an answer may mean

| Action | What the sender does |
|---|---|
| done | keeps it: every row is accepted, or named as refused |
| pending | asks for the outcome later |
| retry | sends the same bytes again: nothing is certain |
| reauth | renews the token once for all lanes, then sends again |
| split | sends the rows in smaller requests: without those that were named, or in halves |
| refused | keeps it and goes on: these rows are not taken as they are |
| stop | ends the run and says so: a person must act |

No answer, a timeout and a success that cannot be read all mean retry: adds and removes may be repeated on every platform.
A message is always in our words: what a platform writes may quote the rows that it refuses.
"""


def platforms_page() -> str:
    """Return docs/platforms.md."""
    known = [platform(slug) for slug in sorted(MODULES)]
    parts = [_INTRO, "\n".join(_overview(known)), _DESTINATION, _ANSWERS, "\n".join(_common())]
    parts += ["\n".join(_section(each)) for each in known]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _overview(known: list[Platform]) -> Iterator[str]:
    yield "| | Platform | Audiences of | Modes | Rows a request | Outcome of a row |"
    yield "|---|---|---|---|---|---|"
    for each in known:
        of, modes = " and ".join(sorted(each.of, reverse=True)), ", ".join(_modes(each))
        late = "later" if each.status else "at once"
        name = f"`{each.slug}`"
        yield f"| {name} | {each.title} | {of} | {modes} | {each.limits.rows:,} | {late} |"
    yield ""


def _modes(each: Platform) -> list[str]:
    mirror = "mirror" if Op.REMOVE in each.ops else "mirror (by making the audience anew)"
    return [mirror if mode == "mirror" else mode for mode in modes(each)]


def _common() -> Iterator[str]:
    yield "## Settings that every destination has"
    yield ""
    yield from _settings(SETTINGS)


def _settings(settings: tuple[Setting, ...]) -> Iterator[str]:
    yield "| `options:` | What it is | Default |"
    yield "|---|---|---|"
    for setting in settings:
        choices = f" ({', '.join(f'`{c}`' for c in setting.choices)})" if setting.choices else ""
        default = f"`{setting.default}`" if setting.default else ""
        doubt = "" if setting.verified else " **Not verified.**"
        yield f"| `{setting.name}` | {setting.says}{choices}.{doubt} | {default} |"
    yield ""


def _section(each: Platform) -> Iterator[str]:
    yield f"## {each.title}"
    yield ""
    yield f"`{each.slug}`, version {each.version}, [documents]({each.docs})."
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, text in _facts(each):
        yield f"| {name} | {text} |"
    yield ""
    yield "| Key | From identifiers, in which form |"
    yield "|---|---|"
    for key in each.keys:
        parted = " with " if key.joined else "; "
        yield f"| `{key.wire}` | {parted.join(_form(each.slug, kind) for kind in key.types)} |"
    yield ""
    if each.attributes:
        yield "| Goes along with the keys of what is added | From, in which form |"
        yield "|---|---|"
        for key in each.attributes:
            yield f"| `{key.wire}` | {_form(each.slug, key.types[0])} |"
        yield ""
    own = tuple(setting for setting in settings_of(each) if setting not in SETTINGS)
    if own:
        yield from _settings(own)
    yield "| An answer means | When |"
    yield "|---|---|"
    for action in Action:
        if action in each.answers:
            yield f"| {action} | {each.answers[action]} |"
    yield ""
    yield from (f"- {note}" for note in each.notes)
    yield from (f"- Not verified: {doubt}" for doubt in each.unverified)


def _facts(each: Platform) -> Iterator[tuple[str, str]]:
    limits = each.limits
    yield "`account`", each.account
    yield "`credentials`", each.credentials
    yield "Audiences of", " and ".join(sorted(each.of, reverse=True))
    yield "Modes", ", ".join(_modes(each))
    size = f"{limits.rows:,} row{'s' * (limits.rows != 1)}" + (
        f", {limits.bytes:,} bytes" if limits.bytes else ""
    )
    yield "A request", size + (", keys of one kind" if limits.one_wire else "")
    wide = "each key once" if limits.one_per_wire else f"{limits.keys_per_row} keys of any kind"
    yield "A row", "1 key" if limits.keys_per_row == 1 else wide
    day = f", {limits.per_day:,} a day" if limits.per_day else ""
    yield "Pace", f"{limits.concurrency} requests at once, {limits.per_second:g} a second{day}"
    yield "Lifetime", each.lifetime
    yield "Smallest usable audience", f"{each.minimum:,}" if each.minimum else "not documented"
    yield "Consent sent", each.consent
    made = "the bridge, found by name first" if each.find else "the bridge"
    yield "Audience made by", made if each.create else "naming it"
    yield "Its size", "read back" if each.size else "cannot be asked for"


def _form(slug: str, kind: str) -> str:
    rule = pack(slug).rule(kind)
    if rule is None:
        return f"{kind} (not sent)"
    form = "" if rule.form == "plain" else f" as {rule.form}"
    how = {"raw": "in clear", "sha256_hex": "SHA-256 hex", "sha256_base64": "SHA-256 base64"}
    return f"{kind}{form}, {how.get(rule.encoding, str(rule.encoding))}"


def main() -> None:
    """Write the pages."""
    PAGE.write_text(platforms_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
