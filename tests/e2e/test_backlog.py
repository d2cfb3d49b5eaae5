"""A backlog as large as the memory allows: it ends in 503, and what was kept comes back in the same
memory."""

import re
import threading

from harness import Scenario
from process import PAYSWITCH, Process
from switch import in_parallel, payment_request
from wire import Closed, Connection

MIB = 1 << 20
MEMORY = 160 * MIB
CENTS = 1990
CONNECTIONS = 8
DEPTH = 64
STARTS = 3

_AT_MOST = re.compile(r"at most (\d+) open payments from (\d+) MiB of memory \((.+?)\),")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def payment_id(connection: int, number: int) -> str:
    return f"0e8400a1-0000-4000-8{connection:03x}-{number:012x}"


class Flood:
    """New payments over pipelined connections, until each connection hears something else than 202,
    or has sent its share. Counts what was answered, and keeps the ids of a few."""

    def __init__(self, port: int, most: int) -> None:
        self.statuses: dict[int, int] = {}
        self.accepted: list[str] = []
        self.others: list[str] = []
        self._port, self._share = port, most // CONNECTIONS
        self._lock = threading.Lock()
        in_parallel(self._pay, [[each] for each in range(CONNECTIONS)])

    def _pay(self, connections: list[int]) -> None:
        number = 0
        with Connection(self._port) as connection:
            while number < self._share:
                ids = [payment_id(connections[0], number + each) for each in range(DEPTH)]
                connection.send(b"".join(payment_request(each, CENTS) for each in ids))
                statuses = self._read(connection, DEPTH)
                number += DEPTH
                with self._lock:
                    for status in statuses:
                        self.statuses[status] = self.statuses.get(status, 0) + 1
                    self.accepted += [each for each, status in zip(ids, statuses)
                                      if status == 202][:1]
                    self.others += [each for each, status in zip(ids, statuses) if status != 202]
                if any(status != 202 for status in statuses):
                    return

    @staticmethod
    def _read(connection: Connection, count: int) -> list[int]:
        data = b""
        while len(found := _STATUS.findall(data)) < count or not data.endswith(b"}"):
            more = connection.socket.recv(1 << 16)
            if not more:
                raise Closed
            data += more
        return [int(each) for each in found]


class Backlog(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        if b"__asan_init" in PAYSWITCH.read_bytes() or b"__tsan_init" in PAYSWITCH.read_bytes():
            self.skipTest("a sanitizer's shadow does not fit into so little memory")

    def start(self, target) -> int:
        """In so much memory and no more; gives how many payments may be open."""
        process = Process(["prlimit", f"--data={MEMORY}", PAYSWITCH, "serve", "--config",
                           target.config], target.directory / "switch.log")
        target.adopt(process)
        found = _AT_MOST.search(process.said())
        self.assertIsNotNone(found, "the start line says how many payments may be open")
        self.assertEqual(found[2], str(MEMORY // MIB))
        self.assertEqual(found[3], "RLIMIT_DATA")
        return int(found[1])

    def open_payments(self, target) -> int:
        return target.count("accepted", "attempting", "unknown")

    def test_a_backlog_as_large_as_memory_allows_ends_in_503_and_is_there_after_each_kill(
            self) -> None:
        for each in self.two_processors():
            each.stop()
        target = self.switch(start=False, options={"durability": "os",
                                                   "journal": {"segment_size": 4 * MIB}})
        most = self.start(target)
        self.assertEqual(most, MEMORY // 2 // 250)

        flood = Flood(target.port, most + CONNECTIONS * DEPTH * 4)
        self.assertEqual(set(flood.statuses), {202, 503})
        self.assertEqual(flood.statuses[202], most, "at the limit, and not one beyond")
        self.assertEqual(self.open_payments(target), most)

        for _ in range(STARTS):
            target.kill9()
            self.assertEqual(self.start(target), most)
            self.assertEqual(self.open_payments(target), most)
            sample = flood.accepted[::len(flood.accepted) // 200]
            self.assertEqual(len(target.payments(sample)), len(sample))
            self.assertEqual(target.pay(sample[0], CENTS).status, 202, "a replay")
            self.assertEqual(target.pay(flood.others[0], CENTS).status, 503, "still full")
