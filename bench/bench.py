"""What a payment costs, and what the past costs, beside their yardsticks: see script/bench."""

import argparse
import shlex
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import budget
import contest
import cpu
import footprint
import latency
import past
from laboratory import ROOT, Broken, Laboratory, Part, Row, machine, say, table

SECTIONS = {
    "cpu": ("CPU a payment beside nginx, and the floor", cpu.run),
    "latency": ("accept latency beside fdatasync", latency.run),
    "sealing": ("p99 of a payment while sealing", latency.run_sealing),
    "contest": ("p99 of the contest beside nginx", contest.run),
    "past": ("sums, look-ups, memory and start with ten million payments", past.run),
    "footprint": ("memory, disk, program, idle, system calls", footprint.run),
    "budget": ("a payment's microseconds by step; needs perf, only when named", budget.run),
}
UNASKED = [name for name in SECTIONS if name != "budget"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures beside yardsticks, in one run on one machine, and prints a table of "
                    "what was asked for.\nSections:\n" +
                    "".join(f"  {name:10} {what}\n" for name, (what, _) in SECTIONS.items()),
        epilog="The ten million payments are prepared once, in build/past, and kept there.")
    parser.add_argument("--only", metavar="SECTION,…", help="these sections, and no others")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved; medians count (5)")
    parser.add_argument("--seconds", type=int, default=4, help="of each run of cpu (4)")
    parser.add_argument("--scale", type=float, default=0.15, help="of the contest; 1: 60 s (0.15)")
    parser.add_argument("--prepare", action="store_true",
                        help="prepare the payments of `past` anew, and measure nothing")
    parser.add_argument("--payments", type=int, default=10_000_000,
                        help="how many to prepare (10,000,000)")
    parser.add_argument("--keep", action="store_true", help="write into bench/results")
    chosen = parser.parse_args()
    chosen.open_loop_seconds, chosen.fio_seconds, chosen.sealing_seconds = 30, 5, 10
    chosen.sections = chosen.only.split(",") if chosen.only else UNASKED
    for name in chosen.sections:
        if name not in SECTIONS:
            parser.error(f"no section '{name}'; there are {', '.join(SECTIONS)}")
    if chosen.rounds < 1 or chosen.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    return chosen


def met(row: Row) -> str:
    return "" if row.met is None else "met" if row.met else "**missed**"


def measure(chosen: argparse.Namespace) -> dict[str, Part]:
    parts = {}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch()) as directory:
        lab = Laboratory(Path(directory))
        try:
            for name in chosen.sections:
                parts[name] = SECTIONS[name][1](lab, chosen)
        finally:
            lab.end()
    return parts


def scratch() -> Path:
    """On the disk of what was prepared, whose files are linked to; memory would be no disk."""
    directory = ROOT / "build"
    directory.mkdir(exist_ok=True)
    return directory


def main() -> None:
    chosen = arguments()
    if chosen.prepare:
        return past.prepare(chosen.payments)
    needs_past = {"past", "footprint"} & set(chosen.sections)
    if needs_past and not (past.PREPARED / "prepared.json").exists():
        past.prepare(chosen.payments)
    started, began = machine(), time.monotonic()
    parts = measure(chosen)
    rows = [[row.what, row.measured, row.yardstick, row.target, met(row)]
            for part in parts.values() for row in part.rows]
    text = [f"# Bench, {date.today()}", "",
            "    " + shlex.join(["script/bench", *sys.argv[1:]]), "",
            f"{started}; {(time.monotonic() - began) / 60:.1f} minutes.", "",
            *table(["what", "measured", "yardstick", "asked for", ""], rows)]
    for name, part in parts.items():
        text += [f"## {SECTIONS[name][0][0].upper()}{SECTIONS[name][0][1:]}", "", *part.details]
    print("\n".join(text).rstrip())
    if chosen.keep:
        path = ROOT / "bench/results" / f"{date.today()}-bench.md"
        path.write_text("\n".join(text).rstrip() + "\n")
        say(f"kept in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except (Broken, AssertionError, OSError) as error:
        sys.exit(f"script/bench: {error}")
    except KeyboardInterrupt:
        sys.exit("script/bench: interrupted")
