"""What the store on Redis costs, beside what Redis itself can do: see script/bench-redis."""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Callable, Iterable, Iterator, NamedTuple

from contest import Cluster, contest
from laboratory import ROOT, TAKES_ANY_FIELD, Broken, Laboratory, Switch, cpu_seconds, machine, wrk
from redis_server import Redis
from wire import Connection, request

PAYMENT = json.dumps({"correlationId": "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3", "amount": 19.9,
                      "requestedAt": "2026-07-08T12:34:56.789Z"})


class Cost(NamedTuple):
    switch_us: float  # CPU a payment, user and system
    redis_us: float
    rate: float
    p99_ms: float


# -- CPU a payment --------------------------------------------------------------------------------

def group_of_one(lab: Laboratory, appendfsync: str) -> tuple[Redis, Switch]:
    redis = lab.keep(Redis(lab.folder() / "redis", appendfsync=appendfsync))
    switch = lab.keep(Switch(lab.folder(), lab.processors(), redis=redis,
                             options={**TAKES_ANY_FIELD, "store": {"lease": "10s"}}))
    switch.start()
    return redis, switch


def payments(lab: Laboratory, seconds: int, appendfsync: str, connections: int) -> Cost:
    """End to end, until every payment that was accepted is settled."""
    redis, switch = group_of_one(lab, appendfsync)
    pids = [switch.process.pid, redis.process.pid]
    before = [cpu_seconds(pid) for pid in pids]
    load = wrk(switch.port, connections, seconds, "pay.lua")
    switch.settle_all(60)
    count = switch.count("settled")
    spent = [(cpu_seconds(pid) - was) / count * 1e6 for pid, was in zip(pids, before)]
    lab.end()
    return Cost(*spent, load.rate, load.p99_ms)


def queue(lab: Laboratory, appendfsync: str, connections: int, pipelined: int, count: int) -> Cost:
    """A payment as a line in a list, pushed and moved to another one: kept, and no more."""
    redis = lab.keep(Redis(lab.folder() / "redis", appendfsync=appendfsync))
    common = ["redis-benchmark", "-p", str(redis.port), "-n", str(count), "-c", str(connections),
              "-P", str(pipelined), "--csv"]
    before, rates, p99s = cpu_seconds(redis.process.pid), [], []
    for words in (["LPUSH", "payments", PAYMENT], ["BRPOPLPUSH", "payments", "processing", "1"]):
        said = subprocess.run([*common, *words], capture_output=True, text=True, check=True).stdout
        names, values = [line.strip('"').split('","') for line in said.splitlines()[-2:]]
        figures = dict(zip(names, values))
        rates.append(float(figures["rps"]))
        p99s.append(float(figures["p99_latency_ms"]))
    spent = (cpu_seconds(redis.process.pid) - before) / count * 1e6
    length = redis.ask(["LLEN", "processing"])[0]
    assert length == count, f"{length} of {count} were moved"
    lab.end()
    return Cost(0, spent, 1 / sum(1 / rate for rate in rates), max(p99s))


def cost_rows(lab: Laboratory, seconds: int, rounds: int, count: int) -> list[str]:
    cases: dict[str, Callable[[], Cost]] = {}
    for fsync in ("always", "everysec"):
        for connections in (64, 256):
            where = f"appendfsync {fsync}, {connections} connections"
            cases[f"payments, {where}"] = \
                lambda f=fsync, c=connections: payments(lab, seconds, f, c)
        for depth in (1, 16):
            cases[f"LPUSH + BRPOPLPUSH, appendfsync {fsync}, 64 connections, -P {depth}"] = \
                lambda f=fsync, d=depth: queue(lab, f, 64, d, count)
    samples: dict[str, list[Cost]] = {name: [] for name in cases}
    for number in range(rounds):
        for name, measure in cases.items():
            samples[name].append(measure())
            last = samples[name][-1]
            print(f"round {number + 1}: {name}: {last.switch_us:.1f} + {last.redis_us:.1f} µs",
                  file=sys.stderr, flush=True)

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(each, field) for each in samples[name])

    lines = ["| what | CPU µs a payment: switch | Redis | payments/s | p99 ms |",
             "|---|---|---|---|---|"]
    for name in cases:
        switch_us = median(name, "switch_us")
        lines.append(f"| {name} | {f'{switch_us:.1f}' if switch_us else ''} | "
                     f"{median(name, 'redis_us'):.1f} | {median(name, 'rate'):,.0f} | "
                     f"{median(name, 'p99_ms'):.2f} |")
    return lines


# -- summaries ------------------------------------------------------------------------------------

def scan_fill(redis: Redis, key: str, count: int, from_ms: int, to_ms: int) -> None:
    for first in range(0, count, 1000):
        lines = [json.dumps({
            "correlationId": f"4a7901b8-7d26-4d9d-aa19-{number:012x}", "cents": 1990,
            "processor": "default" if number % 10 else "fallback",
            "requestedAt": from_ms + (to_ms - from_ms) * number // count})
            for number in range(first, min(first + 1000, count))]
        redis.ask(["RPUSH", key, *lines])


def windows(from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """Any window of that time, the same ones in every run."""
    chance = random.Random(1)
    while True:
        yield tuple(sorted(chance.randint(from_ms, to_ms) for _ in range(2)))


class Summaries(NamedTuple):
    spans_ms: list[float]  # sorted
    redis_ms: float        # CPU of Redis, each

    def at(self, share: float) -> float:
        return self.spans_ms[min(len(self.spans_ms) - 1, int(share * len(self.spans_ms)))]


def timed(ask: Callable[[int, int], None], some: Iterable[tuple[int, int]], most: int,
          seconds: float, redis: Redis) -> Summaries:
    """As many as fit into that time, five at the least."""
    spans: list[float] = []
    before = cpu_seconds(redis.process.pid)
    deadline = time.monotonic() + seconds
    for window in some:
        began = time.monotonic()
        ask(*window)
        spans.append((time.monotonic() - began) * 1e3)
        if len(spans) == most or (len(spans) >= 5 and time.monotonic() > deadline):
            break
    spent = cpu_seconds(redis.process.pid) - before
    return Summaries(sorted(spans), spent / len(spans) * 1e3)


def summary_rows(lab: Laboratory, counts: list[int]) -> list[str]:
    redis, switch = group_of_one(lab, "no")
    scanned = lab.keep(Redis(lab.folder() / "redis", appendonly="no"))
    scan = (ROOT / "bench/summary_scan.lua").read_text()
    began = int(time.time() * 1e3)
    lines = ["| payments | totals by time: p50 ms | p99 | CPU of Redis, ms | scan: p50 ms | p99 | "
             "CPU of Redis, ms | ratio of the p50 | of the CPU |",
             "|---|---|---|---|---|---|---|---|---|"]
    for count in counts:
        while switch.count("settled") < count:
            wrk(switch.port, 64, 1, "pay.lua")
            switch.settle_all(60)
        ended = int(time.time() * 1e3)
        scan_fill(scanned, f"payments:{count}", count, began, ended)
        with Connection(switch.port) as connection:
            def ask_switch(from_ms: int, to_ms: int) -> None:
                answer = connection.exchange(
                    request("GET", f"/payments-summary?from={utc(from_ms)}&to={utc(to_ms)}"))
                assert answer.status == 200, answer
            ours = timed(ask_switch, windows(began, ended), 2000, 10, redis)

        def ask_scan(from_ms: int, to_ms: int) -> None:
            scanned.ask(["EVAL", scan, "1", f"payments:{count}", str(from_ms), str(to_ms)])
        theirs = timed(ask_scan, windows(began, ended), 200, 20, scanned)
        lines.append(
            f"| {switch.count('settled'):,} | {ours.at(.5):.2f} | {ours.at(.99):.2f} | "
            f"{ours.redis_ms:.2f} | {theirs.at(.5):,.1f} | {theirs.at(.99):,.1f} | "
            f"{theirs.redis_ms:,.1f} | {theirs.at(.5) / ours.at(.5):,.0f} | "
            f"{theirs.redis_ms / ours.redis_ms:,.0f} |")
        print(lines[-1], file=sys.stderr, flush=True)
    lab.end()
    return lines


def utc(ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


# -- the contest ----------------------------------------------------------------------------------

def contest_rows(lab: Laboratory, scale: float) -> list[str]:
    lines = ["| contest, patience 60s | p50 ms | p99 ms | of nginx | CPU µs a payment, all of it "
             "| inconsistencies | lag |", "|---|---|---|---|---|---|---|"]
    constant = 0.0
    for name in ("nginx, constant 202 and an empty summary", "one switch, fsync",
                 "nginx, two switches, Redis with appendfsync always"):
        both = lab.processors()
        if name.endswith("summary"):
            nginx = lab.nginx(both[0].port)
            url, pids = f"http://127.0.0.1:{nginx.constant}", [nginx.pid]
        elif name.startswith("one"):
            target = lab.switch(both, patience="60s")
            url, pids = f"http://127.0.0.1:{target.port}", [target.process.pid]
        else:
            group = lab.keep(Cluster(lab.folder() / "cluster", both))
            url, pids = group.url(), group.pids()
        before = sum(map(cpu_seconds, pids))
        report = contest(url, both, scale, lab.folder() / "report")
        spent = (sum(map(cpu_seconds, pids)) - before) / report["taken"] * 1e6
        lab.end()
        p99 = report["p99_ms"]
        constant = constant or p99
        checks = "| |" if p99 == constant else f"| {report['inconsistencies']} | {report['lag']} |"
        lines.append(f"| {name} | {report['latency_ms']['p50']:.2f} | {p99:.2f} | "
                     f"{p99 / constant:.2f} × | {spent:.0f} {checks}")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench-redis")
    parser.add_argument("--seconds", type=int, default=8, help="of each run of payments (8)")
    parser.add_argument("--rounds", type=int, default=3,
                        help="interleaved; medians count; 0: none (3)")
    parser.add_argument("--queued", type=int, default=100_000,
                        help="commands of redis-benchmark (100000)")
    parser.add_argument("--summaries", type=int, nargs="*", default=[10_000, 100_000, 1_000_000],
                        metavar="PAYMENTS", help="(10000 100000 1000000); nothing: none")
    parser.add_argument("--scale", type=float, default=1, help="of the contest (1: 60 s); 0: none")
    parser.add_argument("--keep", action="store_true", help="write into bench/results")
    chosen = parser.parse_args()
    started = machine()
    with tempfile.TemporaryDirectory(prefix="payswitch-bench-", dir="/var/tmp") as directory:
        lab = Laboratory(Path(directory))
        lines: list[str] = []
        try:
            if chosen.rounds:
                lines += [*cost_rows(lab, chosen.seconds, chosen.rounds, chosen.queued), ""]
            if chosen.summaries:
                lines += [*summary_rows(lab, chosen.summaries), ""]
            if chosen.scale:
                lines += [*contest_rows(lab, chosen.scale), ""]
        finally:
            lab.end()
    text = "\n".join([f"# The store on Redis, {date.today()}", "",
                      f"`script/bench-redis {' '.join(sys.argv[1:])}`".replace(" `", "`"), "",
                      started, "", *lines])
    print(text)
    if chosen.keep:
        (ROOT / "bench/results" / f"{date.today()}-redis.md").write_text(text)


if __name__ == "__main__":
    try:
        main()
    except (Broken, AssertionError, OSError) as error:
        sys.exit(f"script/bench-redis: {error}")
