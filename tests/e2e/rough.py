"""Rough clients, and what normal ones and the switch's memory make of them."""

import collections
import json
import re
import socket
import struct
import subprocess
import time
import uuid
from pathlib import Path
from typing import Callable, NamedTuple

from process import LAB
from switch import Switch, payment_request

METRICS = b"GET /metrics HTTP/1.1\r\nHost: switch\r\n\r\n"
GREETING = b"GET / HTTP/1.1\r\nHost: switch\r\n\r\n"
LARGE = (b"POST /nothing HTTP/1.1\r\nHost: switch\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"4000\r\n" + b"x" * 0x4000 + b"\r\n0\r\n\r\n")


def payment() -> bytes:
    return payment_request(str(uuid.uuid4()), 1990)


class Crowd:
    """Many sockets, looked after by one thread: step() does what is due, and never waits."""

    def __init__(self, port: int, count: int) -> None:
        self.port = port
        self.count = count
        self.sockets: list[socket.socket] = []
        self.done = 0  # so many connections have come and gone

    def open(self) -> socket.socket:
        connection = socket.socket()
        # Little room, so that what is not read stays with the switch.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.port))
        connection.setblocking(False)
        self.sockets.append(connection)
        return connection

    def send(self, connection: socket.socket, data: bytes) -> bool:
        """False: the switch has closed it."""
        try:
            connection.send(data)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def drop(self, connection: socket.socket, *, reset: bool = False) -> None:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        self.sockets.remove(connection)
        self.done += 1

    def start(self) -> None:
        for _ in range(self.count):
            self.open()

    def step(self) -> None:
        pass

    def end(self) -> None:
        for connection in self.sockets:
            connection.close()
        self.sockets.clear()


class Idle(Crowd):
    """Connected, and silent."""


class IdleAfterMuch(Crowd):
    """A body of 16 KiB each, in one chunk; then silent."""

    def start(self) -> None:
        for _ in range(self.count):
            connection = self.open()
            connection.setblocking(True)
            connection.sendall(LARGE)
            connection.recv(4096)


class Slow(Crowd):
    """A byte every 200 ms each, one after the other; who is closed comes again."""
    bytes = b""

    def start(self) -> None:
        self.places = collections.deque((self.open(), 0) for _ in range(self.count))
        self.next = time.monotonic()

    def step(self) -> None:
        now = time.monotonic()
        while self.next <= now:
            self.next += 0.2 / self.count
            connection, place = self.places.popleft()
            if place < len(self.bytes) and self.send(connection, self.bytes[place:place + 1]):
                self.places.append((connection, place + 1))
                continue
            self.drop(connection)
            self.places.append((self.open(), 0))


class SlowHeaders(Slow):
    bytes = b"GET / HTTP/1.1\r\nHost: switch\r\n" + b"X: y\r\n" * 100


class SlowBodies(Slow):
    def start(self) -> None:
        head, _, body = payment().partition(b"\r\n\r\n")
        self.bytes = body
        self.head = head + b"\r\n\r\n"
        super().start()

    def open(self) -> socket.socket:
        connection = super().open()
        self.send(connection, self.head)
        return connection


class NeverRead(Crowd):
    """Ask for 32 large answers each, one connection after the other within two seconds, and read
    nothing of it. They do not ask faster than they could be answered: that would be overload."""

    def start(self) -> None:
        self.next = time.monotonic()

    def step(self) -> None:
        if time.monotonic() < self.next or len(self.sockets) == self.count:
            return
        self.next += 2 / self.count
        self.send(self.open(), METRICS * 32)


class SlowReaders(NeverRead):
    """The same, but each reads 100 bytes a second."""

    def start(self) -> None:
        super().start()
        self.reads = time.monotonic() + 1

    def step(self) -> None:
        super().step()
        if time.monotonic() < self.reads:
            return
        self.reads += 1
        for connection in self.sockets:
            try:
                connection.recv(100)
            except BlockingIOError:
                pass


class Passing(Crowd):
    """A hundred a second, which come, do something, and are gone."""

    def start(self) -> None:
        self.next = time.monotonic()

    def step(self) -> None:
        if time.monotonic() < self.next:
            return
        self.next += 0.01
        self.visit(self.open())

    def visit(self, connection: socket.socket) -> None:
        raise NotImplementedError


class HalfClose(Passing):
    def visit(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        connection.settimeout(5)
        connection.sendall(payment())
        connection.shutdown(socket.SHUT_WR)
        if not connection.recv(4096).startswith(b"HTTP/1.1 202 "):
            raise AssertionError("who closes one half must get the answer")
        self.drop(connection)


class ResetInTheMiddle(Passing):
    def visit(self, connection: socket.socket) -> None:
        self.send(connection, payment()[:-10])
        self.drop(connection, reset=True)


class EarlyClose(Passing):
    def visit(self, connection: socket.socket) -> None:
        self.send(connection, payment())
        self.drop(connection)


class EarlyReset(Passing):
    def visit(self, connection: socket.socket) -> None:
        self.send(connection, METRICS * 64)
        self.drop(connection, reset=True)


CROWDS: list[tuple[str, type[Crowd], int]] = [
    ("idle", Idle, 10_000),
    ("idle after 16 KiB", IdleAfterMuch, 2_000),
    ("slow headers", SlowHeaders, 500),
    ("slow bodies", SlowBodies, 500),
    ("slow readers", SlowReaders, 200),
    ("pipelining, never reading", NeverRead, 200),
    ("half-close", HalfClose, 0),
    ("reset in the middle", ResetInTheMiddle, 0),
    ("early close", EarlyClose, 0),
    ("early reset", EarlyReset, 0),
]


def memory_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1])


class Figures(NamedTuple):
    before_kib: int
    peak_kib: int
    after_kib: int
    p99_ms: float  # of the normal clients
    connections: int  # most that were open; of those that pass, how many came


class NormalClients:
    """`payswitch-lab load` beside the crowd, at a rate that keeps nobody busy."""

    def __init__(self, switch: Switch, rate: int, seconds: float) -> None:
        self._process = subprocess.Popen(
            [LAB, "load", "--url", f"http://127.0.0.1:{switch.port}", "--rate", str(rate),
             "--duration", f"{round(seconds * 1000)}ms", "--connections", "32", "--json", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def running(self) -> bool:
        return self._process.poll() is None

    def p99_ms(self) -> float:
        said, _ = self._process.communicate()
        report = json.loads(said)
        if report["taken"] != report["handed_in"]:
            raise AssertionError(f"normal clients were not served: {report}")
        return report["latency_ms"]["p99"]


def measure(switch: Switch, crowd: Crowd, clients: Callable[[], NormalClients]) -> Figures:
    """Normal clients beside the crowd; then the crowd leaves."""
    pid = switch.process.pid
    before = peak = memory_kib(pid)
    most = 0
    crowd.start()
    try:
        normal = clients()
        sampled = 0.0
        while normal.running():
            crowd.step()
            if time.monotonic() - sampled > 0.1:
                sampled = time.monotonic()
                peak = max(peak, memory_kib(pid))
                most = max(most, len(crowd.sockets))
            time.sleep(0.001)
        p99 = normal.p99_ms()
    finally:
        crowd.end()
    wait_until_alone(switch)
    return Figures(before, peak, memory_kib(pid), p99, most or crowd.done)


def wait_until_alone(switch: Switch, seconds: float = 20) -> None:
    """Until the switch has noticed that everybody has gone but who asks."""
    deadline = time.monotonic() + seconds
    while (left := switch.metrics()["payswitch_http_connections"]) > 1:
        if time.monotonic() > deadline:
            raise AssertionError(f"{left} connections are still open")
        time.sleep(0.05)
