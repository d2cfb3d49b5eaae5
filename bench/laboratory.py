"""What every section of script/bench uses: servers that end with it, load generators, what they cost."""

import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Optional

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from process import BUILD, LAB, PAYSWITCH, Process, environment  # noqa: E402
from processor import Processor  # noqa: E402
from switch import Switch  # noqa: E402

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
ACCEPTED = '{"message":"Payment processed successfully"}'
# bench/pay.lua sends a field that only a processor knows.
TAKES_ANY_FIELD = {"api": {"unknown_fields": "ignore"}}
NOTHING = ('{"default":{"totalRequests":0,"totalAmount":0.00},'
           '"fallback":{"totalRequests":0,"totalAmount":0.00}}')


class Broken(Exception):
    """Nothing can be measured; the text is one line for a person."""


class Row(NamedTuple):
    """One line of the issue's table. `met`: None where nothing is asked for."""
    what: str
    measured: str
    yardstick: str
    target: str
    met: Optional[bool]


class Part(NamedTuple):
    """What a section found: rows for the table, and lines of Markdown with the figures behind."""
    rows: list[Row]
    details: list[str]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


# -- load generators ------------------------------------------------------------------------------

def output_of(arguments: list, what: str, seconds: float) -> str:
    """Runs it to its end; its folder is the project's."""
    try:
        done = subprocess.run([*map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                              timeout=seconds, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise Broken(f"{what}: {error.filename} is not there; script/bootstrap bench") from None
    except subprocess.TimeoutExpired:
        raise Broken(f"{what}: not over after {seconds:.0f} s") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise Broken(f"{what}: exit code {done.returncode}: {last}")
    return done.stdout


class Wrk(NamedTuple):
    count: int
    rate: float
    p50_ms: float
    p99_ms: float


def wrk(port: int, connections: int, seconds: int, script: str, *arguments: object) -> Wrk:
    """A closed loop. An answer other than 2xx, or a connection that failed, is no measurement."""
    said = output_of(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout",
                      "30s", "-s", f"bench/{script}", f"http://127.0.0.1:{port}", "--",
                      *arguments], f"wrk with {script}", seconds + 60)
    for trouble in ("Non-2xx or 3xx responses", "Socket errors"):
        found = re.search(rf"{trouble}: (.*)", said)
        if found:
            raise Broken(f"wrk with {script}: {trouble.lower()}: {found[1]}")

    def milliseconds(part: int) -> float:
        found = re.search(rf"\b{part}%\s+([\d.]+)(us|ms|s)", said)
        return float(found[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[found[2]]

    count = int(re.search(r"(\d+) requests in", said)[1])
    if count == 0:
        raise Broken(f"wrk with {script}: no request was answered in {seconds} s")
    return Wrk(count, float(re.search(r"Requests/sec:\s+(\S+)", said)[1]), milliseconds(50),
               milliseconds(99))


def open_loop(port: int, rate: int, seconds: float, report: Path) -> dict:
    """Payments at a fixed rate, on 64 connections."""
    output_of([LAB, "load", "--url", f"http://127.0.0.1:{port}", "--rate", rate,
               "--duration", f"{seconds:g}s", "--connections", 64, "--json", report],
              f"payswitch-lab load at {rate}/s", seconds + 60)
    return json.loads(report.read_text())


# -- what a process costs -------------------------------------------------------------------------

def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (f"{os.cpu_count()} × {model[1] if model else platform.machine()}, "
            f"Linux {platform.release().partition('-')[0]}, "
            f"load average {os.getloadavg()[0]:.1f} at the start")


# -- servers --------------------------------------------------------------------------------------

class Nginx(Process):
    """One process: a constant 202 (and an empty summary) on one port, a proxy on the other."""

    def __init__(self, directory: Path, upstream: int) -> None:
        directory.mkdir()
        self.constant, self.proxy = free_ports(2)
        config = directory / "nginx.conf"
        config.write_text(f"""
master_process off; daemon off; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_buffer_size 16k;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  upstream stub {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{self.constant};
    location /payments-summary {{ default_type application/json; return 200 '{NOTHING}'; }}
    location / {{ default_type application/json; return 202 '{ACCEPTED}'; }} }}
  server {{ listen 127.0.0.1:{self.proxy};
    location / {{ proxy_pass http://stub; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }} }}
}}""")
        super().__init__(["nginx", "-p", directory, "-c", config], directory / "output")
        self.wait_for(lambda: listens(self.constant) and listens(self.proxy), "nginx listens")


class Floor(Process):
    """bench/floor.cc: a bare epoll loop."""

    def __init__(self, directory: Path, upstream: Optional[int]) -> None:
        forward = [] if upstream is None else ["--to", upstream]
        super().__init__([bench_program("floor"), *forward], directory / "output")
        found = self.wait_for(lambda: re.search(r"listening on \S+:(\d+)", self.said()),
                              "the floor listens")
        self.port = int(found[1])


def bench_program(name: str) -> Path:
    program = BUILD / name
    if not program.exists():
        raise Broken(f"{program} is not built: cmake --preset release -DPAYSWITCH_BENCH=ON")
    return program


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Laboratory:
    """Starts servers in folders of its own, and ends them all."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.made = directory, 0
        self.running: list = []

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

    def switch(self, processors: list, data: Optional[Path] = None, **options: object) -> Switch:
        """On a copy of the prepared directory `data`, or on none."""
        target = Switch(self.folder(), processors, options={**TAKES_ANY_FIELD, **options})
        if data:
            duplicate(data, target.data)
        self.running.append(target)
        target.start()
        return target

    def nginx(self, upstream: int) -> Nginx:
        return self.keep(Nginx(self.folder() / "nginx", upstream))

    def floor(self, upstream: Optional[int]) -> Floor:
        return self.keep(Floor(self.folder(), upstream))

    def keep(self, server):
        self.running.append(server)
        return server

    def end_servers(self) -> None:
        """The last one first. Whoever ended by itself is told: it explains what else went wrong."""
        while self.running:
            server = self.running.pop()
            process = getattr(server, "process", server)
            code = process.exit_code() if isinstance(process, Process) else None
            if code not in (None, -signal.SIGKILL):
                last = process.said().strip().rpartition("\n")[2]
                say(f"{process.output} ended by itself with {code}: {last}")
            server.end()

    def end(self) -> None:
        """And what they left on the disk goes."""
        self.end_servers()
        for each in self.directory.iterdir():
            shutil.rmtree(each, ignore_errors=True)


def duplicate(source: Path, target: Path) -> None:
    """Sealed files never change, so both directories may have the same ones."""
    target.mkdir()
    for each in source.iterdir():
        if each.name.startswith("sealed-"):
            os.link(each, target / each.name)
        else:
            shutil.copyfile(each, target / each.name)
