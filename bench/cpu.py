"""CPU a payment, user and system of the switch's process, beside nginx's and the floor's."""

import statistics
from typing import Callable, NamedTuple, Optional

from laboratory import Laboratory, Part, Row, cpu_seconds, say, table, wrk

NGINX_202 = "nginx, constant 202, 256 connections"
NGINX_256 = "nginx, proxy to the stub, 256"
NGINX_64 = "nginx, proxy to the stub, 64"


class Sample(NamedTuple):
    cpu_us: float  # per request that was answered, or per payment that was settled
    rate: float
    p99_ms: float


class Case(NamedTuple):
    name: str
    measure: Callable[[], Sample]
    yardstick: Optional[str] = None
    target: Optional[float] = None  # of the ratio to it


class Cpu:
    def __init__(self, lab: Laboratory, seconds: int) -> None:
        self.lab, self.seconds = lab, seconds

    def payments(self, connections: int, durability: str, down: bool = False) -> Sample:
        """End to end: until every payment that was accepted is settled. Or only accepted."""
        both = self.lab.processors()
        target = self.lab.switch(both, durability=durability)
        if down:
            for each in both:
                each.end()
        pid = target.process.pid
        before = cpu_seconds(pid)
        load = wrk(target.port, connections, self.seconds, "pay.lua")
        count = load.count
        if not down:
            target.settle_all(60)
            count = target.count("settled")
        return Sample((cpu_seconds(pid) - before) / count * 1e6, load.rate, load.p99_ms)

    def other(self, pid: int, port: int, connections: int) -> Sample:
        before = cpu_seconds(pid)
        load = wrk(port, connections, self.seconds, "pay.lua")
        return Sample((cpu_seconds(pid) - before) / load.count * 1e6, load.rate, load.p99_ms)

    def nginx(self, connections: int, proxied: bool) -> Sample:
        server = self.lab.nginx(self.lab.processors()[0].port)
        return self.other(server.pid, server.proxy if proxied else server.constant, connections)

    def floor(self, forwards: bool) -> Sample:
        server = self.lab.floor(self.lab.processors()[0].port if forwards else None)
        return self.other(server.pid, server.port, 256)

    def cases(self) -> list[Case]:
        return [
            Case("floor, constant 202, 256", lambda: self.floor(False)),
            Case("floor, two exchanges a payment, 256", lambda: self.floor(True)),
            Case(NGINX_202, lambda: self.nginx(256, False)),
            Case(NGINX_256, lambda: self.nginx(256, True)),
            Case(NGINX_64, lambda: self.nginx(64, True)),
            Case("accept only, fsync, 256", lambda: self.payments(256, "fsync", down=True),
                 NGINX_202, 1.5),
            Case("end to end, fsync, 256", lambda: self.payments(256, "fsync"), NGINX_256, 1.0),
            Case("end to end, fsync, 64", lambda: self.payments(64, "fsync"), NGINX_64, 1.4),
            Case("end to end, os, 256", lambda: self.payments(256, "os"), NGINX_256, 0.95),
        ]


def run(lab: Laboratory, chosen) -> Part:
    cases = Cpu(lab, chosen.seconds).cases()
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(chosen.rounds):
        for case in cases:
            try:
                samples[case.name].append(case.measure())
            finally:
                lab.end()
            say(f"cpu, round {number + 1}: {case.name}: {samples[case.name][-1].cpu_us:.1f} µs")

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(each, field) for each in samples[name])

    def ratio(case: Case) -> float:
        """Of each round: both were measured within a minute."""
        return statistics.median(mine.cpu_us / other.cpu_us for mine, other in
                                 zip(samples[case.name], samples[case.yardstick]))

    rows = [Row(f"CPU: {case.name}", f"{median(case.name, 'cpu_us'):.1f} µs, **{ratio(case):.2f}**",
                f"{case.yardstick}: {median(case.yardstick, 'cpu_us'):.1f} µs",
                f"≤ {case.target}", ratio(case) <= case.target)
            for case in cases if case.yardstick]
    details = table(
        ["server", "CPU µs a request", "lowest, highest", "of its yardstick", "requests/s",
         "p99 ms"],
        [[case.name, f"{median(case.name, 'cpu_us'):.1f}",
          " – ".join(f"{pick(each.cpu_us for each in samples[case.name]):.1f}"
                     for pick in (min, max)),
          f"{ratio(case):.2f}" if case.yardstick else "", f"{median(case.name, 'rate'):,.0f}",
          f"{median(case.name, 'p99_ms'):.1f}"] for case in cases])
    return Part(rows, [
        f"Medians of {chosen.rounds} interleaved rounds of {chosen.seconds:g} s; ratios are medians "
        "of the rounds' ratios. `wrk -t1 -c256` (or 64) with `bench/pay.lua`; one process and one "
        "stub (`payswitch-lab processor`) each.", "", *details])
