"""The p99 of the contest: one switch, and nginx with two switches and Redis, beside nginx's 202."""

import json
import statistics
import subprocess
from pathlib import Path
from typing import Callable

from laboratory import (BUILD, LAB, ROOT, Broken, Laboratory, Part, Row, cpu_seconds, environment,
                        output_of, say, table)

PATIENCE = "60s"


class Cluster:
    """nginx, two switches and Redis, by script/cluster."""

    def __init__(self, state: Path, processors: list) -> None:
        self.state = state
        default, fallback = processors
        settings = environment({
            "PAYSWITCH_BUILD": str(BUILD), "PATIENCE": PATIENCE,
            "PROCESSOR_DEFAULT_URL": default.url, "PROCESSOR_FALLBACK_URL": fallback.url})
        up = subprocess.run([ROOT / "script/cluster", "up", "--state", state, "--port", "0",
                             "--switch-ports", "0,0"], env=settings, capture_output=True,
                            text=True, stdin=subprocess.DEVNULL)
        if up.returncode != 0:
            raise Broken(up.stderr.strip().rpartition("\n")[2])

    def url(self) -> str:
        return (self.state / "nginx.url").read_text().strip()

    def switches(self) -> list[int]:
        return [int((self.state / f"switch-{number}.pid").read_text().split()[0])
                for number in (1, 2)]

    def pids(self) -> list[int]:
        """Of all members, with nginx's workers."""
        first = [int(each.read_text().split()[0]) for each in self.state.glob("*.pid")]
        return first + [int(child) for each in first for child in
                        Path(f"/proc/{each}/task/{each}/children").read_text().split()]

    def end(self) -> None:
        output_of([ROOT / "script/cluster", "down", "--state", self.state], "script/cluster", 60)


def contest(url: str, both: list, scale: float, report: Path) -> dict:
    """Against nginx it does not pass: nothing is in the books. What it measured counts all the same."""
    subprocess.run([LAB, "contest", "--url", url, "--default", both[0].url, "--fallback",
                    both[1].url, "--scale", str(scale), "--json", report],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if not report.exists() or not report.read_text():
        raise Broken(f"payswitch-lab contest against {url} ended without a report")
    return json.loads(report.read_text())


class Contest:
    def __init__(self, lab: Laboratory, scale: float) -> None:
        self.lab, self.scale = lab, scale

    def at(self, url: str, both: list, pids: list[int]) -> dict:
        before = sum(map(cpu_seconds, pids))
        report = contest(url, both, self.scale, self.lab.folder() / "report")
        report["cpu_us"] = (sum(map(cpu_seconds, pids)) - before) / report["sent"] * 1e6
        return report

    def nginx(self) -> dict:
        both = self.lab.processors()
        server = self.lab.nginx(both[0].port)
        return self.at(f"http://127.0.0.1:{server.constant}", both, [server.pid])

    def one(self) -> dict:
        both = self.lab.processors()
        target = self.lab.switch(both, patience=PATIENCE)
        return self.at(f"http://127.0.0.1:{target.port}", both, [target.process.pid])

    def two(self) -> dict:
        both = self.lab.processors()
        cluster = self.lab.keep(Cluster(self.lab.folder() / "cluster", both))
        return self.at(cluster.url(), both, cluster.switches())


def run(lab: Laboratory, chosen) -> Part:
    contest_ = Contest(lab, chosen.scale)
    measures: dict[str, Callable[[], dict]] = {
        "nginx, constant 202 and an empty summary": contest_.nginx,
        "one switch": contest_.one,
        "nginx, two switches and Redis": contest_.two}
    plain, *ours = measures
    reports: dict[str, list[dict]] = {name: [] for name in measures}
    for number in range(chosen.rounds):
        for name, measure in measures.items():
            try:
                reports[name].append(measure())
            finally:
                lab.end()
            say(f"contest, round {number + 1}: {name}: p99 {reports[name][-1]['p99_ms']:.3f} ms")

    def median(name: str, field: str) -> float:
        return statistics.median(each[field] for each in reports[name])

    def ratio(name: str) -> float:
        return statistics.median(mine["p99_ms"] / other["p99_ms"]
                                 for mine, other in zip(reports[name], reports[plain]))

    rows = [Row(f"contest, {name}", f"p99 {median(name, 'p99_ms'):.2f} ms, **{ratio(name):.2f}**",
                f"{plain}: {median(plain, 'p99_ms'):.2f} ms", f"≤ {target}", ratio(name) <= target)
            for name, target in zip(ours, (1.2, 2.0))]
    details = table(
        ["contest against", "p99 ms", "lowest, highest", "CPU µs a POST", "rounds without a fault"],
        [[name, f"{median(name, 'p99_ms'):.2f}",
          " – ".join(f"{pick(each['p99_ms'] for each in reports[name]):.2f}"
                     for pick in (min, max)),
          f"{median(name, 'cpu_us'):.0f}",
          "" if name == plain else
          f"{sum(each['passed'] for each in reports[name])} of {chosen.rounds}"]
         for name in measures])
    return Part(rows, [
        f"`payswitch-lab contest --scale {chosen.scale}`, {chosen.rounds} interleaved rounds, "
        f"`patience` {PATIENCE}, `fsync`; Redis with `appendfsync always`. The CPU is that of the "
        "switches, or of nginx where there is none.", "", *details])
