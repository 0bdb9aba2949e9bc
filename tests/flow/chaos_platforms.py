"""Chaos for every platform and further flow: seeded runs of a sync, killed, rerun, and checked.

`python -m tests.flow.chaos_platforms --runs 100` prints a line for each platform as Markdown, and
`--write docs/chaos.md` puts the table there; `--platform meta --seed 7` plays one run again.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.flow.chaos_deal import FAULTS, Deal, Told, asking, counted, play, seeds

COMMAND = "python -m tests.flow.chaos_platforms"
BEGIN, END = "<!-- platforms: made by make chaos-platforms -->", "<!-- /platforms -->"


def main() -> int:
    """Play the runs that are asked for; return 1 when anything was violated."""
    from tests.contract.cases.case import NAMES

    parser = asking(COMMAND, None, runs=3)
    parser.add_argument("--platform", action="append", choices=NAMES, help="of all, just this one")
    parser.add_argument("--write", type=Path, help="put the table into this page")
    asked = parser.parse_args()
    slugs, chosen = asked.platform or NAMES, seeds(asked)

    def work(folder: Path, _: int, url: str) -> Iterator[Told]:
        from tests.flow import chaos_place, chaos_place_run

        for slug in slugs:
            if _takes(folder / slug):
                place = chaos_place.Place(folder / slug, url, slug)
                for seed in chosen:
                    yield chaos_place_run.run(place, seed, again(slug, seed))

    runs = [again(slug, seed) for slug in slugs for seed in chosen]
    deal = Deal(runs=runs, work=work, jobs=asked.jobs, broken=asked.broken, small=False)
    table, well = play(deal, summary)
    if asked.write and well:
        _write(asked.write, table)
    return 0 if well else 1


def again(slug: str, seed: int) -> str:
    """Write the command that repeats a run."""
    return f"{COMMAND} --platform {slug} --seed {seed}"


def _takes(folder: Path) -> bool:
    """Take a platform unless another worker has it."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def summary(told: list[Told], seconds: float) -> str:
    """Write what came of the runs as a table, a line for each platform."""
    counts = counted(told)
    everything: Counter[str] = Counter()
    for mine in counts.values():
        everything.update(mine)
    rows = [
        "| platform | " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
        *(_row(f"`{slug}`", counts[slug]) for slug in sorted(counts)),
        _row("**all**", everything),
        "",
        f"{len(told):,} runs in {seconds:.0f} s on {os.cpu_count()} cores.",
    ]
    return "\n".join(rows)


def _row(title: str, counts: Counter[str]) -> str:
    return f"| {title} | " + " | ".join(f"{counts[name]:,}" for name in COLUMNS.values()) + " |"


def _write(page: Path, table: str) -> None:
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


COLUMNS = {
    "runs": "runs",
    "kills": "kills",
    "reruns": "reruns",
    "requests": "arrived",
    **{kind.replace("_", " "): f"fault {kind}" for kind in FAULTS},
    "violations": "violations",
}

if __name__ == "__main__":
    sys.exit(main())
