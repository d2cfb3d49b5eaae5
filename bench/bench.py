"""What a payment costs, beside nginx, in one run: see script/bench."""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Callable, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from process import LAB, Process  # noqa: E402
from processor import Processor  # noqa: E402
from switch import Switch  # noqa: E402

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
ACCEPTED = '{"message":"Payment processed successfully"}'
NOTHING = ('{"default":{"totalRequests":0,"totalAmount":0.00},'
           '"fallback":{"totalRequests":0,"totalAmount":0.00}}')


class Sample(NamedTuple):
    cpu_us: float  # user and system, of the server's processes, per request that was answered
    rate: float
    p99_ms: float


def cpu_seconds(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def wrk(port: int, connections: int, seconds: int) -> tuple[int, float, float]:
    said = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", "bench/pay.lua",
         f"http://127.0.0.1:{port}"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    if bad:
        raise SystemExit(f"{bad[1]} requests were refused:\n{said}")
    count = int(re.search(r"(\d+) requests in", said)[1])
    rate = float(re.search(r"Requests/sec:\s+(\S+)", said)[1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    return count, rate, float(p99[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]]


class Nginx:
    """One worker: a constant 202 (and an empty summary) on one port, a proxy on the other."""

    def __init__(self, directory: Path, upstream: int, constant: int, proxy: int) -> None:
        self.constant, self.proxy = constant, proxy
        directory.mkdir()
        answer = f"default_type application/json; return 202 '{ACCEPTED}';"
        config = directory / "nginx.conf"
        config.write_text(f"""
worker_processes 1; daemon off; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_buffer_size 16k;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  upstream stub {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{constant};
    location /payments-summary {{ default_type application/json; return 200 '{NOTHING}'; }}
    location / {{ {answer} }} }}
  server {{ listen 127.0.0.1:{proxy};
    location / {{ proxy_pass http://stub; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }} }}
}}""")
        self.process = Process(["nginx", "-p", directory, "-c", config], directory / "output")
        self.process.wait_for(lambda: self.pids(), "nginx has a worker")

    def pids(self) -> list[int]:
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Bench:
    def __init__(self, directory: Path, seconds: int) -> None:
        self.directory, self.seconds, self.made = directory, seconds, 0
        self.running: list = []

    def end(self) -> None:
        for each in reversed(self.running):
            each.end()

    def folder(self) -> Path:
        self.made += 1
        folder = self.directory / str(self.made)
        folder.mkdir()
        return folder

    def processors(self) -> list[Processor]:
        both = [Processor("default", self.folder(), "0.05"),
                Processor("fallback", self.folder(), "0.15")]
        self.running += both
        for each in both:
            each.wait_until_it_listens()
        return both

    def switch(self, processors: list, **options: object) -> Switch:
        target = Switch(self.folder(), processors, options=options)
        target.start()
        self.running.append(target)
        return target

    def payments(self, connections: int, durability: str, down: bool = False) -> Sample:
        """End to end: until every payment that was accepted is settled. Or only accepted."""
        both = self.processors()
        target = self.switch(both, durability=durability)
        if down:
            for each in both:
                each.end()
        try:
            pid = target.process.pid
            before = cpu_seconds([pid])
            count, rate, p99 = wrk(target.port, connections, self.seconds)
            if not down:
                target.settle_all(60)
                count = target.count("settled")
            return Sample((cpu_seconds([pid]) - before) / count * 1e6, rate, p99)
        finally:
            target.end()
            for each in both:
                each.end()

    def nginx(self, connections: int, proxied: bool) -> Sample:
        both = self.processors()
        ports = free_ports(2)
        nginx = Nginx(self.folder() / "nginx", both[0].port, *ports)
        try:
            before = cpu_seconds(nginx.pids())
            count, rate, p99 = wrk(nginx.proxy if proxied else nginx.constant, connections,
                                   self.seconds)
            return Sample((cpu_seconds(nginx.pids()) - before) / count * 1e6, rate, p99)
        finally:
            nginx.process.signal(15)
            nginx.process.wait_exit(10)
            for each in both:
                each.end()


def free_ports(count: int) -> list[int]:
    import socket
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def contest(url: str, both: list, scale: float, report: Path) -> dict:
    subprocess.run([LAB, "contest", "--url", url, "--default", both[0].url, "--fallback",
                    both[1].url, "--scale", str(scale), "--json", report],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return json.loads(report.read_text())


def rows(bench: Bench, rounds: int) -> list[str]:
    cases: dict[str, Callable[[], Sample]] = {
        "nginx, constant 202, 256 connections": lambda: bench.nginx(256, False),
        "nginx, proxy to the stub, 256": lambda: bench.nginx(256, True),
        "nginx, proxy to the stub, 64": lambda: bench.nginx(64, True),
        "accept only, fsync, 256": lambda: bench.payments(256, "fsync", down=True),
        "end to end, fsync, 256": lambda: bench.payments(256, "fsync"),
        "end to end, fsync, 64": lambda: bench.payments(64, "fsync"),
        "end to end, os, 256": lambda: bench.payments(256, "os"),
    }
    yardsticks = {"accept only, fsync, 256": "nginx, constant 202, 256 connections",
                  "end to end, fsync, 256": "nginx, proxy to the stub, 256",
                  "end to end, fsync, 64": "nginx, proxy to the stub, 64",
                  "end to end, os, 256": "nginx, proxy to the stub, 256"}
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for number in range(rounds):
        for name, measure in cases.items():
            samples[name].append(measure())
            print(f"round {number + 1}: {name}: {samples[name][-1].cpu_us:.1f} µs",
                  file=sys.stderr, flush=True)

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(each, field) for each in samples[name])

    lines = ["| what | CPU µs a request | of its yardstick | requests/s | p99 ms |",
             "|---|---|---|---|---|"]
    for name in cases:
        cpu = median(name, "cpu_us")
        ratio = f"{cpu / median(yardsticks[name], 'cpu_us'):.2f}" if name in yardsticks else ""
        lines.append(f"| {name} | {cpu:.1f} | {ratio} | {median(name, 'rate'):,.0f} | "
                     f"{median(name, 'p99_ms'):.1f} |")
    return lines


def contest_rows(bench: Bench, scale: float) -> list[str]:
    lines = ["| contest against | p99 ms | CPU µs a payment | at default | inconsistencies | lag |",
             "|---|---|---|---|---|---|"]
    both = bench.processors()
    nginx = Nginx(bench.folder() / "nginx", both[0].port, *free_ports(2))
    plain = contest(f"http://127.0.0.1:{nginx.constant}", both, scale, bench.folder() / "report")
    lines.append(f"| nginx, constant 202 and an empty summary | {plain['p99_ms']:.2f} | | | | |")
    nginx.process.signal(15)
    nginx.process.wait_exit(10)
    for patience in ("60s", "0s"):
        both = bench.processors()
        target = bench.switch(both, patience=patience)
        pid = target.process.pid
        report = contest(f"http://127.0.0.1:{target.port}", both, scale, bench.folder() / "report")
        settled = target.count("settled")
        at_default = target.metrics()['payswitch_attempts_total{processor="default",outcome="taken"}']
        lines.append(
            f"| the switch, patience {patience} | {report['p99_ms']:.2f} "
            f"({report['p99_ms'] / plain['p99_ms']:.2f} ×) | {cpu_seconds([pid]) / settled * 1e6:.0f} "
            f"| {at_default / settled:.1%} | {report['inconsistencies']} | {report['lag']} |")
        target.end()
    return lines


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (f"{os.cpu_count()} × {model[1] if model else platform.machine()}, "
            f"Linux {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start")


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("--seconds", type=int, default=8, help="of each run (8)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved; medians count; 0: none (5)")
    parser.add_argument("--scale", type=float, default=1, help="of the contest (1: 60 s); 0: none")
    parser.add_argument("--keep", action="store_true", help="write into bench/results")
    chosen = parser.parse_args()
    started = machine()
    with tempfile.TemporaryDirectory(prefix="payswitch-bench-") as directory:
        bench = Bench(Path(directory), chosen.seconds)
        try:
            lines = rows(bench, chosen.rounds) if chosen.rounds else []
            if chosen.scale:
                lines += ["", *contest_rows(bench, chosen.scale)]
        finally:
            bench.end()
    text = "\n".join([f"# Bench, {date.today()}", "", f"`script/bench {' '.join(sys.argv[1:])}`",
                      "", started, "", *lines, ""])
    print(text)
    if chosen.keep:
        (ROOT / "bench/results" / f"{date.today()}-bench.md").write_text(text)


if __name__ == "__main__":
    main()
