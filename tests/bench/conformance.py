"""Writes docs/conformance.md: where the bridge and the vendors' own libraries agree, and why not.

    python -m tests.bench.conformance            write it
    python -m tests.bench.conformance --check    say whether it is what would be written

It fails where a disagreement has no reason among `disagreements.CLASSES`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audiences.identifiers.packs import apply, pack
from tests.bench.corpus import cases
from tests.bench.disagreements import PAGES, Case, Class, class_of

PEERS = Path(".venv/bench/bin/python")
DOC = Path("docs/conformance.md")
SEED, EACH = 20261126, 4000
_ALL = ("email", "phone", "first_name", "last_name", "city", "zip", "country")
# Each library, the pack that it is compared with, and the types that both have.
PAIRS = {
    "facebook-business": ("meta", _ALL),
    "google-ads-datamanager-util": ("google", tuple(kind for kind in _ALL if kind != "city")),
    "uid2-client": ("uid2", ("email", "phone")),
    "phonenumbers": ("google", ("phone",)),
}
_HEAD = """
# Conformance: beside the vendors' own libraries

    make conformance

compares the bridge with the vendors' own libraries on one hostile corpus, and writes this page.
The libraries are pinned in `requirements/bench.txt` and live in a venv of their own.
What is compared is the text before any hashing; a refusal is an outcome as well.
Where the two differ, the page that decides is named.
A difference without a reason fails the command.
"""


def compared() -> tuple[dict[str, str], list[Case]]:
    """Return the libraries' versions, and every case with both answers."""
    asked: list[tuple[str, str, str, str | None]] = []
    for library, (_, kinds) in PAIRS.items():
        for kind in kinds:
            asked += [(library, kind, *one) for one in cases(kind, EACH, SEED)]
    text = "".join(json.dumps(one) + "\n" for one in asked)
    command = [PEERS, Path(__file__).with_name("vendors.py")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    first, *lines = done.stdout.splitlines()
    found = []
    for (library, kind, value, country), line in zip(asked, lines, strict=True):
        ours = apply(PAIRS[library][0], kind, value, country)
        theirs = json.loads(line)
        found.append(Case(library, kind, value, country, ours.canonical, ours.reason, theirs))
    versions: dict[str, str] = json.loads(first)
    return versions, found


def _shown(text: str | None) -> str:
    if text is None:
        return "refused"
    seen = "".join(c if c.isprintable() and c != "`" else f"\\u{ord(c):04x}" for c in text)
    seen = seen.replace("|", "\\|")
    return f"`{seen}`" if len(seen) <= 40 else f"`{seen[:37]}...`"


def _agreements(found: list[Case]) -> Iterator[str]:
    heads = ("Same text", "Both refuse", "Only we refuse", "Only it refuses", "Other text")
    yield f"| Library | Type | Values | {' | '.join(heads)} |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in found:
        if case.ours == case.theirs:
            how = "same" if case.ours is not None else "neither"
        elif case.ours is None:
            how = "theirs"
        else:
            how = "ours" if case.theirs is None else "other"
        counts[case.library, case.kind][how] += 1
    for (library, kind), count in counts.items():
        told = (count[how] for how in ("same", "neither", "theirs", "ours", "other"))
        cells = " | ".join(f"{number:,}" for number in (count.total(), *told))
        yield f"| `{library}` | `{kind}` | {cells} |"


def _reasons(groups: dict[tuple[str, str, Class], list[Case]]) -> Iterator[str]:
    heads = ("For example", "The bridge", "The library", "What decides")
    yield f"| Library | Type | Why | Values | {' | '.join(heads)} |"
    yield "|---|---|---|---:|---|---|---|---|"
    for (library, kind, one), group in groups.items():
        case = min(group, key=lambda case: (len(case.value), case.value, case.country or ""))
        land = f" in {case.country}" if case.country and kind in {"phone", "zip"} else ""
        ours = _shown(case.ours) + (f" (`{case.reason}`)" if case.ours is None else "")
        yield (
            f"| `{library}` | `{kind}` | {one.name} | {len(group):,} | {_shown(case.value)}{land} "
            f"| {ours} | {_shown(case.theirs)} | {one.page or PAGES[library]} |"
        )


def page() -> tuple[str, list[Case]]:
    """Return the page, and the disagreements that have no reason."""
    versions, found = compared()
    groups: dict[tuple[str, str, Class], list[Case]] = defaultdict(list)
    unknown = []
    for case in found:
        if case.ours != case.theirs:
            one = class_of(case)
            if one is None:
                unknown.append(case)
            else:
                groups[case.library, case.kind, one].append(case)
    packs = ", ".join(sorted({f"`{pack(slug).version}`" for slug, _ in PAIRS.values()}))
    pins = ", ".join(f"`{name}` {number}" for name, number in versions.items())
    same = sum(case.ours == case.theirs for case in found)
    used = dict.fromkeys(one for _, _, one in groups)
    lines = [
        _HEAD.lstrip(),
        f"Compared: {packs} with {pins}.",
        f"Of {len(found):,} values they agree on {same:,}; the others are hostile on purpose.",
        "\n## Agreements\n",
        *_agreements(found),
        "\n## Disagreements\n",
        *_reasons(groups),
        "\n## Why\n",
        *(f"- **{one.name}**: {one.why}" for one in used),
    ]
    return "\n".join(lines) + "\n", unknown


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    asked: Any = parser.parse_args()
    text, unknown = page()
    for case in unknown[:20]:
        sys.stderr.write(f"no reason known: {case}\n")
    if asked.check and text != DOC.read_text("utf-8"):
        sys.stderr.write(f"{DOC} is not what this run would write (run: make conformance)\n")
        raise SystemExit(1)
    if not asked.check:
        DOC.write_text(text, "utf-8")
        print(f"wrote {DOC}")
    raise SystemExit(bool(unknown))


if __name__ == "__main__":
    main()
