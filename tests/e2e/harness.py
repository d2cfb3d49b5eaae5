"""What a scenario stands on: processes that are ended with the test, payments, and the audit of all
books against each other. Nothing here waits without a condition and a deadline."""

import os
import random
import shutil
import tempfile
import unittest
import uuid
from pathlib import Path
from typing import Iterable, Mapping, Optional

from process import wait_until
from processor import Entry, Processor, Sum, cents_of
from redis_server import Redis
from switch import Switch
from times import iso, read_ms

__all__ = ["Entry", "Processor", "Redis", "Scenario", "Sum", "Switch", "iso", "new_payments",
           "read_ms", "wait_until"]

WINDOWS = 12
# Wide enough for every entry, narrow enough for every parser of years.
ALL_TIME = (0, 4_000_000_000_000)


def new_payments(count: int) -> dict[str, int]:
    """Cents by id. The amounts differ, so that a mixed-up answer shows in a sum."""
    return {str(uuid.uuid4()): random.randint(1, 99_999) for _ in range(count)}


class Scenario(unittest.TestCase):
    """A folder, and processes that are ended and whose output is shown when the test fails. With
    PAYSWITCH_STORE=redis each switch stands on a Redis of its own."""

    store = os.environ.get("PAYSWITCH_STORE", "embedded")
    stores = ("embedded", "redis")  # on which this one makes sense

    @classmethod
    def setUpClass(cls) -> None:
        if cls.store not in cls.stores:
            raise unittest.SkipTest(f"not for the store {cls.store}")

    def run(self, result=None):
        result = result or self.defaultTestResult()
        troubles = len(result.failures) + len(result.errors)
        self.directory = Path(tempfile.mkdtemp(prefix="payswitch-e2e-"))
        self.processors: list[Processor] = []
        self.switches: list[Switch] = []
        self.redises: list[Redis] = []
        try:
            return super().run(result)
        finally:
            for process in [*self.switches, *self.processors, *self.redises]:
                process.end()
            if len(result.failures) + len(result.errors) > troubles:
                self._show_output()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _show_output(self) -> None:
        for log in sorted(self.directory.rglob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-40:]
            print(f"--- {self.id()}: {log.name}", *tail, sep="\n")

    # -- who takes part ----------------------------------------------------------------------------

    def processor(self, name: str, fee: str, port: int = 0) -> Processor:
        processor = Processor(name, self.directory, fee, port)
        self.processors.append(processor)
        processor.wait_until_it_listens()
        return processor

    def two_processors(self) -> tuple[Processor, Processor]:
        return self.processor("default", "0.05"), self.processor("fallback", "0.15")

    def redis(self, **settings) -> Redis:
        redis = Redis(self.directory / f"redis-{len(self.redises)}", **settings)
        self.redises.append(redis)
        return redis

    def switch(self, processors: Optional[Iterable[Processor]] = None, *, start: bool = True,
               redis: Optional[Redis] = None, **configuration) -> Switch:
        chosen = self.processors if processors is None else processors
        if self.store == "redis" and redis is None:
            redis = self.redis()
        folder = self.directory / f"switch-{len(self.switches)}"
        folder.mkdir()
        switch = Switch(folder, chosen, redis=redis, **configuration)
        self.switches.append(switch)
        if start:
            switch.start()
        return switch

    # -- what must be true -------------------------------------------------------------------------

    def pay_all(self, switch: Switch, payments: Mapping[str, int], connections: int = 4) -> None:
        """Every one is accepted."""
        statuses = switch.pay_many(payments, connections)
        self.assertEqual(set(statuses.values()), {202})

    def assert_books_equal(self, switch: Switch, accepted: Mapping[str, int],
                           maybe: Mapping[str, int] = {},
                           booked_otherwise: Mapping[str, int] = {}) -> None:
        """Each of `accepted` is in exactly one processor's books, once, with its amount (or that of
        `booked_otherwise`), where and when the switch says; no other payment is, save those of
        `maybe` (their clients got no answer); and every window has one sum. The switch shows a
        payment with the amount that was asked for, and sums up what was booked."""
        books = {each.name: each.books() for each in self.processors}
        self._assert_each_once(books, accepted, maybe, booked_otherwise)
        self._assert_switch_says_the_same(switch, books, {**maybe, **accepted})
        self._assert_windows_equal(switch, books)

    def _assert_each_once(self, books: Mapping[str, Mapping[str, Entry]],
                          accepted: Mapping[str, int], maybe: Mapping[str, int],
                          booked_otherwise: Mapping[str, int]) -> None:
        homes: dict[str, list[str]] = {}
        for name, entries in books.items():
            for each, entry in entries.items():
                homes.setdefault(each, []).append(name)
                self.assertEqual(entry.times, 1, f"{each} is in the books of {name}")
                paid = booked_otherwise.get(each, accepted.get(each, maybe.get(each)))
                self.assertEqual(entry.cents, paid, f"the amount of {each} at {name}")
        self.assertEqual(sorted(each for each, names in homes.items() if len(names) > 1), [],
                         "charged by two processors")
        self.assertEqual(sorted(set(accepted) - set(homes)), [], "accepted, and never charged")
        self.assertEqual(sorted(set(homes) - set(accepted) - set(maybe)), [], "charged unasked")

    def _assert_switch_says_the_same(self, switch: Switch,
                                     books: Mapping[str, Mapping[str, Entry]],
                                     paid: Mapping[str, int]) -> None:
        booked = {(each, name, paid[each], entry.requested_ms)
                  for name, entries in books.items() for each, entry in entries.items()}
        views = switch.payments([each for each, *_ in booked])
        said = {(each, view["processor"], cents_of(view["amount"]), read_ms(view["requestedAt"]))
                for each, view in views.items() if view["state"] == "settled"}
        self.assertEqual(sorted(booked ^ said)[:10], [], "the books and the switch differ")

    def _assert_windows_equal(self, switch: Switch,
                              books: Mapping[str, Mapping[str, Entry]]) -> None:
        times = sorted(entry.requested_ms for entries in books.values()
                       for entry in entries.values())
        windows = [ALL_TIME]
        if times:
            windows += [(times[0], times[-1]), (times[0] + 1, times[-1] - 1), (times[0], times[0])]
            for _ in range(WINDOWS):
                ends = [random.choice(times) + random.choice((-1, 0, 0, 1)) for _ in range(2)]
                windows.append((min(ends), max(ends)))
        for from_ms, to_ms in windows:
            if from_ms > to_ms:
                continue
            ours = switch.summary(from_ms, to_ms)
            theirs = {each.name: each.summary(from_ms, to_ms) for each in self.processors}
            self.assertEqual(ours, theirs, f"from {iso(from_ms)} to {iso(to_ms)}")
