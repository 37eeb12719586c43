"""Measures this package beside its peers, all of them in one run, and holds what it finds against goals.

`python benchmarks/suite.py` takes about a quarter of an hour; `--case fetch` runs one case, and `--quick`
does so little of everything that it only shows that all of it runs. Writes results.json and results.md to
the folder `--out`. Exits with 3 when a goal is missed. benchmarks/README.md says how to read it.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from cases_calls import concurrent_fetch, fetch, write
from cases_listing import growth, listing
from cases_memory import memory
from cases_start import imports, installation
from cases_sync import hop, iteration, near
from cases_waiting import many_services, prefetch
from ceiling import ALONE, ceiling
from findings import Findings, times_table
from goals import Goal, report
from results import Run, machine, replace_table, versions
from settings import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings import Settings

# Not 1: that is what Python exits with when something broke.
GOAL_MISSED: Final = 3
HERE: Final = Path(__file__).parent
CASES: Final[dict[str, Callable[[Settings], Findings]]] = {
    "listing": listing,
    "fetch": fetch,
    "concurrent-fetch": concurrent_fetch,
    "write": write,
    "many-services": many_services,
    "prefetch": prefetch,
    "memory": memory,
    "imports": imports,
    "installation": installation,
    "growth": growth,
    "sync-hop": hop,
    "sync-iteration": iteration,
    "sync-near": near,
    "ceiling": ceiling,
}


def bottleneck(findings: Findings) -> list[Goal]:
    """Return, as a goal of the suite itself, how busy the load generator was where it was busiest."""
    shares = {
        f"{measured.title}: {name}": measured.server_share(name)
        for measured in findings.measured
        if measured.title != ALONE
        for name in measured.turns
    }
    if not any(shares.values()):
        return []
    busiest = max(shares, key=shares.__getitem__)
    return [Goal("the load generator's share of a core, at most", shares[busiest], 0.7, "", peer=busiest)]


def run(names: list[str], settings: Settings) -> Findings:
    """Run cases by their names, and show what each found when it is done."""
    found = Findings([])
    for name in names:
        began = time.perf_counter()
        this = CASES[name](settings)
        print(f"\n{name}: {time.perf_counter() - began:.0f} s")
        for measured in this.measured:
            print(f"\n{times_table(measured)}\n")
        report(this.goals)
        found += this
    return attrs.evolve(found, goals=found.goals + bottleneck(found))


def main() -> None:
    """Run the cases, write the results, and exit with 3 when a goal is missed."""
    options = _options()
    settings = QUICK if options.quick else FULL
    if options.rounds:
        settings = attrs.evolve(settings, rounds=options.rounds)
    when, began, here = datetime.now(UTC), time.perf_counter(), machine()
    findings = run(options.case or list(CASES), settings)
    seconds = time.perf_counter() - began
    result = Run(when, seconds, options.quick, settings, here, versions(), findings)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(result.as_json())
    (options.out / "results.md").write_text(result.as_markdown())
    if options.write_readme:
        replace_table(HERE / "README.md", result.as_markdown())
    print(f"\n{options.out / 'results.md'} after {seconds:.0f} s:\n")
    met = report(findings.goals)
    sys.exit(0 if met or options.quick else GOAL_MISSED)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything: only to see it run")
    parser.add_argument("--rounds", type=int, help="turns of everybody")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="a folder for the results")
    parser.add_argument(
        "--write-readme", action="store_true", help="put the tables into benchmarks/README.md"
    )
    options = parser.parse_args()
    if options.write_readme and (options.quick or options.case):
        parser.error("--write-readme wants a whole run, neither --quick nor --case")
    return options


if __name__ == "__main__":
    main()
