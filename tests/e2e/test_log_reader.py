"""Whoever reads the log (a pipe into another process) may go, or stop reading: the switch lives on,
answers at once, and counts what was not read."""

import fcntl
import os
import subprocess
import termios
import time
from array import array
from pathlib import Path
from typing import Optional

from harness import Scenario, new_payments
from process import PAYSWITCH, Process, environment, wait_until
from switch import Switch

F_SETPIPE_SZ = 1031
PIPE_BYTES = 4096


class IntoAPipe(Process):
    """A switch whose standard error is a pipe that the test holds, both ends of it."""

    def __init__(self, config: Path) -> None:
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, F_SETPIPE_SZ, PIPE_BYTES)
        self._text = b""
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", PAYSWITCH, "serve", "--config", config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.writer,
            env=environment({}))

    def _waiting(self) -> int:
        size = array("i", [0])
        fcntl.ioctl(self.reader, termios.FIONREAD, size)
        return size[0]

    def said(self) -> str:
        """Reads what has come."""
        while (size := self._waiting()) > 0:
            self._text += os.read(self.reader, size)
        return self._text.decode()

    def stop_reading(self) -> None:
        """There is not a byte of room left."""
        self.said()
        os.write(self.writer, b"x" * PIPE_BYTES)

    def lose_reader(self) -> None:
        os.close(self.reader)
        os.close(self.writer)
        self.reader = self.writer = -1

    def end(self) -> None:
        super().end()
        if self.reader >= 0:
            self.lose_reader()


class RepeatedLines(Scenario):
    stores = ("embedded",)

    def test_a_wrong_key_is_said_once_and_names_a_payment(self) -> None:
        wrong = self.processor("default", "0.05")
        wrong.faults(post="status", count=1_000_000, status=403)
        target = self.switch()
        payments = new_payments(20)
        self.pay_all(target, payments)
        wait_until(lambda: wrong.counters()["posts"] >= 6, 30, "it is asked again and again")
        said = [line for line in target.process.said().splitlines() if "check its URL" in line]
        self.assertEqual(len(said), 1, said)
        self.assertTrue(any(each in said[0] for each in payments), said)


class LogReader(Scenario):
    stores = ("embedded",)

    def logging_switch(self) -> tuple[Switch, IntoAPipe]:
        target = self.switch(start=False)
        process = IntoAPipe(target.config)
        self.addCleanup(process.end)
        target.adopt(process)
        return target, process

    def make_it_speak(self, target: Switch) -> None:
        """Its processor is gone, and its breaker opens: that is said."""
        self.processors[0].kill9()
        self.pay_all(target, new_payments(20))
        wait_until(lambda: target.breaker("default") == "open", 20, "the breaker opens")

    def dropped(self, target: Switch) -> Optional[float]:
        return target.metrics().get("payswitch_log_lines_dropped_total")

    def assert_answers_at_once(self, target: Switch) -> None:
        for _ in range(20):
            begun = time.monotonic()
            self.assertEqual(target.get("/healthz").status, 200)
            self.assertLess(time.monotonic() - begun, 2)

    def test_a_reader_that_goes_does_not_take_the_switch_with_it(self) -> None:
        self.processor("default", "0.05")
        target, process = self.logging_switch()
        process.lose_reader()
        self.make_it_speak(target)
        self.assert_answers_at_once(target)
        wait_until(lambda: self.dropped(target), 5, "the lines are counted")
        self.assertEqual(target.drain(), 0)

    def test_a_reader_that_stalls_holds_nothing_up(self) -> None:
        self.processor("default", "0.05")
        target, process = self.logging_switch()
        process.stop_reading()
        self.make_it_speak(target)
        self.assert_answers_at_once(target)
        begun = time.monotonic()
        self.assertEqual(target.drain(), 0)
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_reader_that_goes_on_gets_what_waited_for_it(self) -> None:
        self.processor("default", "0.05")
        target, process = self.logging_switch()
        process.stop_reading()
        self.make_it_speak(target)
        wait_until(lambda: "breaker open" in process.said(), 5, "the reader gets it")
        self.assertEqual(self.dropped(target), 0)
        self.assertEqual(target.drain(), 0)
        self.assertIn("stopped: ", process.said())
