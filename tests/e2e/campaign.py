"""The crash campaign: the real switch under load, killed again and again, and counted.

One data directory and two processors live through a chapter of several cycles. In each cycle the
switch starts, takes payments, and dies: by a kill -9 at a random moment, or by a SIGKILL that
strace sends at the n-th call of a chosen system call, on the path of a payment or in recovery. The
referee asks after every start; at the end of a chapter all books must be equal."""

import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Optional

from harness import Scenario, Switch, new_payments, wait_until
from process import PAYSWITCH, Process
from switch import Load, payment_request
from wire import Closed, pipeline

CYCLES_OF_A_CHAPTER = 20
PAYMENTS_OF_A_CYCLE = (50, 400)
LONGEST_LIFE_S = 0.25  # under load, before a kill -9
LONGEST_WAIT_FOR_A_CALL_S = 1.0  # then a kill -9 has to do
FEWEST_REPEATS = 5

# Where the switch dies under load: the call, and the highest n. A call that the start makes already
# may be its last one before it listens.
UNDER_LOAD = {"io_uring_enter": 120, "pwrite64": 30, "fdatasync": 30, "sendto": 300,
              "recvfrom": 600, "epoll_wait": 200}
# And while it starts: reading the journal, writing the last segment anew.
IN_RECOVERY = {"openat": 80, "read": 40, "pwrite64": 12, "fsync": 5, "renameat": 3,
               "fdatasync": 2, "io_uring_enter": 2}

# What the processors do while the switch lives and dies. `count` ends a fault by itself.
FAULT_PROFILES = (
    {}, {}, {},
    {"post": "take_and_drop", "count": 40},
    {"post": "drop", "count": 40},
    {"post": "answer_late", "late_ms": 600, "count": 40},
    {"post": "take_late", "late_ms": 600, "count": 40},
    {"post": "error_booked", "count": 40},
    {"post": "error_unbooked", "count": 40},
    {"post": "garble_booked", "count": 40},
    {"post": "status", "status": 429, "count": 40},
    {"post": "status", "status": 500, "count": 40},
)


@dataclass
class Figures:
    cycles: int = 0
    payments: int = 0
    accepted: int = 0
    unanswered: int = 0
    repeats: int = 0
    booked: int = 0
    deaths: Counter = field(default_factory=Counter)

    def lines(self, promises: bool = True) -> list[str]:
        return [f"{self.cycles} cycles: {self.payments} payments, {self.accepted} answered 202, "
                f"{self.unanswered} without an answer, {self.repeats} asked again",
                f"{self.booked} in the processors' books"
                + (": lost 0, charged twice 0" if promises else ""),
                *(f"{count:6} died by {way}" for way, count in self.deaths.most_common())]


def under_strace(call: str, nth: int, switch: Switch) -> list:
    """The kernel ends the switch with strace: setpriv stands between them."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={nth}",
            "setpriv", "--pdeathsig", "KILL", PAYSWITCH, "serve", "--config", switch.config]


class Campaign:
    """Runs on a scenario, which owns the processes and knows when books are equal."""

    def __init__(self, scenario: Scenario, seed: int, durability: str = "fsync") -> None:
        self.scenario = scenario
        self.random = random.Random(seed)
        self.durability = durability
        self.figures = Figures()

    def lines(self) -> list[str]:
        return self.figures.lines()

    def run(self, cycles: int, say=lambda line: None) -> Figures:
        began = time.monotonic()
        while self.figures.cycles < cycles:
            self._chapter(min(CYCLES_OF_A_CHAPTER, cycles - self.figures.cycles))
            say(f"{self.figures.cycles} of {cycles} cycles, {self.figures.accepted} answered 202, "
                f"{time.monotonic() - began:.0f} s")
        return self.figures

    # -- a chapter ---------------------------------------------------------------------------------

    def _chapter(self, cycles: int) -> None:
        self.scenario.two_processors()
        self.switch = self.scenario.switch(start=False, options=self._options(),
                                           each={"attempt_timeout": "300ms", "hang_up": "1s"})
        self.paid: dict[str, int] = {}  # every payment that was ever sent
        self.accepted: set[str] = set()
        for _ in range(cycles):
            self._cycle()
            self.figures.cycles += 1
        self._conclude()
        self.switch.end()
        for processor in self.scenario.processors:
            processor.end()
        self.scenario.processors.clear()

    def _options(self) -> dict:
        """Small segments, so that they are changed often; with io_uring, and without."""
        writer = self.random.choice(("auto", "off"))
        return {"durability": self.durability,
                "patience": self.random.choice(("0s", "200ms", "5s")),
                "io_uring": writer, "journal": {"segment_size": 65536}}

    def _cycle(self) -> None:
        for processor in self.scenario.processors:
            processor.faults(**self._fault_profile())
            processor.delay(self.random.choice((0, 0, 2, 50, 400)))
        if self.random.random() < 0.3:
            self._die_in_recovery()
        if self.random.random() < 0.5:
            self._live_and_die_by_a_call()
        else:
            self._live_and_die_at_a_moment()

    def _fault_profile(self) -> dict:
        return self.random.choice(FAULT_PROFILES)

    def _die_in_recovery(self) -> None:
        call, most = self.random.choice(list(IN_RECOVERY.items()))
        strace = self._start_under_strace(call, self.random.randint(1, most))
        if strace.exit_code() is None:  # it had started before the n-th call
            self._end_tracer(strace)
        else:
            self.figures.deaths[f"{call} in recovery"] += 1

    def _live_and_die_by_a_call(self) -> None:
        call, most = self.random.choice(list(UNDER_LOAD.items()))
        strace = self._start_under_strace(call, self.random.randint(1, most))
        if strace.exit_code() is not None:
            self.figures.deaths[f"{call} at start"] += 1
            return
        load = self._load()
        try:
            wait_until(lambda: strace.exit_code() is not None, LONGEST_WAIT_FOR_A_CALL_S)
            self.figures.deaths[call] += 1
        except AssertionError:
            self.figures.deaths["kill -9"] += 1
        self._end_tracer(strace)
        self._note(load)

    def _live_and_die_at_a_moment(self) -> None:
        self.switch.wait_until_gone()
        self.switch.start()
        self._ask()
        load = self._load()
        time.sleep(self.random.uniform(0.005, LONGEST_LIFE_S))  # the moment is what is drawn
        self.switch.kill9()
        self.figures.deaths["kill -9"] += 1
        self._note(load)

    def _start_under_strace(self, call: str, nth: int) -> Process:
        """Gives a process that answers, or has died."""
        self.switch.wait_until_gone()
        process = Process(under_strace(call, nth, self.switch),
                          self.switch.directory / "switch.log")
        try:
            self.switch.adopt(process)
            self._ask()
        except (AssertionError, Closed, OSError) as trouble:
            self._expect_that_it_died(process, trouble)
        return process

    def _end_tracer(self, strace: Process) -> None:
        """The traced switch dies with strace, but a moment later: its lock says when."""
        strace.end()
        self.switch.wait_until_gone()

    def _expect_that_it_died(self, process: Process, trouble: Exception) -> None:
        """Only a death explains that it did not answer, or answered half."""
        try:
            wait_until(lambda: process.exit_code() is not None, 1)
        except AssertionError:
            raise trouble from None

    # -- payments ----------------------------------------------------------------------------------

    def _load(self, count: tuple[int, int] = PAYMENTS_OF_A_CYCLE) -> Load:
        fresh = new_payments(self.random.randint(*count))
        unanswered = [each for each in self.paid if each not in self.accepted]
        again = {each: self.paid[each]
                 for each in self.random.sample(unanswered, min(len(unanswered), 20))}
        self.figures.payments += len(fresh)
        self.paid.update(fresh)
        return Load(self.switch, {**again, **fresh}, self.random.choice((1, 4, 16)))

    def _note(self, load: Load) -> None:
        statuses = load.statuses()
        self.scenario.assertLessEqual(set(statuses.values()), {202, None})
        self.accepted |= {each for each, status in statuses.items() if status == 202}
        self.figures.unanswered += sum(status is None for status in statuses.values())

    # -- the referee -------------------------------------------------------------------------------

    def _ask(self) -> None:
        """What was promised is there, is a replay, and has one amount; sums are in the books."""
        some = self.random.sample(sorted(self.accepted), min(len(self.accepted), 60))
        views = self.switch.payments(some, 1)
        self.scenario.assertEqual(sorted(set(some) - set(views)), [], "promised, and forgotten")
        for each in some[:FEWEST_REPEATS]:
            self._expect_replay(each)
        ours = self.switch.summary(0, 4_000_000_000_000)
        for processor in self.scenario.processors:
            theirs = processor.summary(0, 4_000_000_000_000)
            self.scenario.assertLessEqual(ours[processor.name].count, theirs.count)
            self.scenario.assertLessEqual(ours[processor.name].cents, theirs.cents)

    def _expect_replay(self, each: str) -> None:
        cents = self.paid[each]
        requests = [payment_request(each, cents), payment_request(each, cents + 1)]
        again, otherwise = pipeline(self.switch.port, requests, 2)
        if again is None or otherwise is None:
            raise AssertionError("no answer: it has died")
        self.scenario.assertEqual(again.status, 202)
        self.scenario.assertEqual(again.fields.get("idempotent-replayed"), "true")
        self.scenario.assertEqual(otherwise.status, 422)
        self.figures.repeats += 2

    def _conclude(self) -> None:
        """Faults end; everything that was promised is charged once, and every sum is equal."""
        for processor in self.scenario.processors:
            processor.faults()
            processor.delay(0)
        self.switch.wait_until_gone()
        self.switch.start()
        self._ask()
        self.switch.settle_all(60)
        accepted = {each: self.paid[each] for each in self.accepted}
        self.scenario.assert_books_equal(self.switch, accepted, maybe=self.paid)
        self.figures.accepted += len(accepted)
        self.figures.booked += sum(len(each.books()) for each in self.scenario.processors)


def has_strace() -> Optional[str]:
    """Why strace cannot be used, or None."""
    try:
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=True, timeout=20,
                       capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None
