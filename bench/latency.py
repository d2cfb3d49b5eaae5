"""How long a client waits for its 202: in an open loop beside fio's fdatasync, and while sealing."""

import json
import math
import statistics
from pathlib import Path

from laboratory import Laboratory, Part, Row, open_loop, output_of, say, table

RATE = 2_000
BLOCK = 512  # what a group of the journal is a multiple of


def fdatasync_ms(directory: Path, size: int, seconds: float) -> dict[str, float]:
    """Writes of that size over blocks that are there, each with its fdatasync, one after another."""
    said = output_of(
        ["fio", "--name=fdatasync", f"--directory={directory}", "--rw=write", f"--bs={size}",
         "--size=32m", "--overwrite=1", "--ioengine=psync", "--fdatasync=1", "--time_based",
         f"--runtime={seconds:g}", "--output-format=json"], "fio", seconds + 60)
    sync = json.loads(said[said.index("{"):])["jobs"][0]["sync"]["lat_ns"]["percentile"]
    (directory / "fdatasync.0.0").unlink()
    return {name: sync[f"{part}.000000"] / 1e6 for name, part in (("p50", 50), ("p99", 99))}


def run(lab: Laboratory, chosen) -> Part:
    try:
        target = lab.switch(lab.processors())
        folder = lab.folder()
        before = target.metrics()
        open_loop(target.port, RATE, 1, folder / "warm-up")
        after = target.metrics()

        def grown(name: str) -> float:
            return after[name] - before[name]

        group = grown("payswitch_journal_bytes_total") / grown("payswitch_journal_groups_total")
        size = math.ceil(group / BLOCK) * BLOCK
        syncs = [fdatasync_ms(folder, size, chosen.fio_seconds)]
        report = open_loop(target.port, RATE, chosen.open_loop_seconds, folder / "report")
        syncs.append(fdatasync_ms(folder, size, chosen.fio_seconds))
    finally:
        lab.end()
    mine = report["latency_ms"]
    sync = {name: statistics.mean(each[name] for each in syncs) for name in ("p50", "p99")}
    say(f"latency: p99 {mine['p99']:.3f} ms beside fdatasync's {sync['p99']:.3f}")
    met = mine["p99"] <= max(2 * sync["p99"], sync["p99"] + 1)
    row = Row(f"accept latency, {RATE:,}/s for {chosen.open_loop_seconds:g} s, `fsync`",
              f"p99 **{mine['p99']:.2f} ms**",
              f"fdatasync of {size} bytes by fio: p99 {sync['p99']:.2f} ms",
              "≤ 2 ×, or ≤ 1 ms more", met)
    details = table(
        ["ms", "p50", "p90", "p99", "p99.9", "longest"],
        [["the switch", *(f"{mine[each]:.3f}" for each in ("p50", "p90", "p99", "p99.9", "max"))],
         *([name, f"{each['p50']:.3f}", "", f"{each['p99']:.3f}", "", ""]
           for name, each in zip(("fio before", "fio after"), syncs))])
    return Part([row], [
        f"`payswitch-lab load --rate {RATE} --duration {chosen.open_loop_seconds:g}s --connections "
        "64`, both processors up; latency counts from when a payment was due. "
        f"`fio --rw=write --bs={size} --overwrite=1 --ioengine=psync --fdatasync=1` for "
        f"{chosen.fio_seconds:g} s before and after, its sync alone.", "", *details])


# -- while sealing --------------------------------------------------------------------------------

SEALING_ROUNDS = 3
UNSEALED, SEALED = 256 << 20, 2 << 20  # bytes of a segment: none is ever full; one is, in seconds


def p99_while(lab: Laboratory, segment_size: int, seconds: float) -> tuple[float, int]:
    """And how many payments were sealed meanwhile."""
    try:
        target = lab.switch(lab.processors(), journal={"segment_size": segment_size})
        open_loop(target.port, RATE, 1, lab.folder() / "warm-up")
        report = open_loop(target.port, RATE, seconds, lab.folder() / "report")
        sealed = int(target.metrics()["payswitch_sealed_payments"])
        return report["latency_ms"]["p99"], sealed
    finally:
        lab.end()


def run_sealing(lab: Laboratory, chosen) -> Part:
    rounds = []
    for number in range(min(chosen.rounds, SEALING_ROUNDS)):
        plain, _ = p99_while(lab, UNSEALED, chosen.sealing_seconds)
        sealing, sealed = p99_while(lab, SEALED, chosen.sealing_seconds)
        rounds.append((plain, sealing, sealed))
        say(f"sealing, round {number + 1}: p99 {plain:.3f} ms, while sealing {sealing:.3f}")
    ratio = statistics.median(sealing / plain for plain, sealing, _ in rounds)
    row = Row("p99 of a payment while segments are sealed",
              f"{statistics.median(each[1] for each in rounds):.2f} ms, **{ratio:.2f}**",
              f"without: {statistics.median(each[0] for each in rounds):.2f} ms", "≤ 1.2",
              ratio <= 1.2)
    details = table(
        ["round", "p99 without sealing, ms", "p99 while sealing, ms", "ratio",
         "payments sealed meanwhile"],
        [[str(number + 1), f"{plain:.3f}", f"{sealing:.3f}", f"{sealing / plain:.2f}",
          f"{sealed:,}"] for number, (plain, sealing, sealed) in enumerate(rounds)])
    return Part([row], [
        f"`payswitch-lab load --rate {RATE} --duration {chosen.sealing_seconds:g}s`, segments of "
        "256 MiB (nothing is sealed) and of 2 MiB in turn; the default is 32.", "", *details])
