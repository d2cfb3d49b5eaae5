"""The laboratory's load and contest, against the real switch and against what fails them."""

import json
import re
import subprocess

from harness import Scenario, new_payments
from process import LAB, Process, environment

AMOUNT = 1990


def lab(*arguments, seconds: float = 60) -> subprocess.CompletedProcess:
    return subprocess.run([str(LAB), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=environment({}), timeout=seconds)


def url(switch) -> str:
    return f"http://127.0.0.1:{switch.port}"


class Contest(Scenario):
    def contest(self, switch, scale: float) -> subprocess.CompletedProcess:
        cheap, dear = self.processors
        return lab("contest", "--url", url(switch), "--default", cheap.url, "--fallback", dear.url,
                   "--scale", scale, "--json", self.directory / "contest.json")

    def figures(self) -> dict:
        return json.loads((self.directory / "contest.json").read_text())

    def test_who_is_patient_passes_and_pays_the_cheap_fee(self) -> None:
        self.two_processors()
        target = self.switch(options={"patience": "60s"})
        done = self.contest(target, 0.2)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        figures = self.figures()
        self.assertTrue(figures["passed"])
        self.assertEqual(figures["taken"], figures["sent"])
        self.assertGreater(figures["taken"], 2000)
        self.assertEqual(figures["at_default"] + figures["at_fallback"], figures["taken"])
        self.assertGreaterEqual(figures["at_default"], 0.99 * figures["taken"])
        self.assertEqual(figures["score"]["penalty"], 0)
        self.assertEqual(len(figures["checks"]), 7)
        self.assertIn("passed", done.stdout)
        # Eleven whole seconds at the least, and each says which stage it is.
        self.assertGreaterEqual(len(re.findall(r"s  default .*; fallback .* clients", done.stderr)),
                                11)

    def test_payments_that_were_taken_and_never_charged_are_named(self) -> None:
        """A switch without processors keeps them, and sends none."""
        self.two_processors()
        target = self.switch(processors=[])
        done = self.contest(target, 0.01)
        self.assertEqual(done.returncode, 1, done.stderr)
        figures = self.figures()
        self.assertGreater(figures["taken"], 0)
        self.assertEqual(figures["lag"], figures["taken"])
        self.assertEqual(figures["books"]["counts"], {"lost": figures["taken"]})
        named = {each["id"] for each in figures["books"]["payments"]}
        states = {view["state"] for view in target.payments(named).values()}
        self.assertEqual(states, {"accepted"})

    def test_a_payment_that_nobody_sent_fails_it(self) -> None:
        """Paid through the switch by somebody else while the contest runs."""
        self.two_processors()
        target = self.switch()
        cheap, dear = self.processors
        process = Process([LAB, "contest", "--url", url(target), "--default", cheap.url,
                           "--fallback", dear.url, "--scale", 0.02], self.directory / "contest.log")
        stranger = new_payments(1)
        process.wait_for(lambda: target.summary()["default"].count > 0, "the run has begun")
        self.pay_all(target, stranger, 1)
        self.assertEqual(process.wait_exit(30), 1)
        said = process.said()
        self.assertIn(f"{next(iter(stranger))} never sent", said)
        self.assertIn("lag              -1\n", said)

    def test_who_is_not_there_is_an_error(self) -> None:
        self.two_processors()
        target = self.switch()
        self.processors[1].end()
        done = self.contest(target, 0.01)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("Connection refused", done.stderr)


class Load(Scenario):
    def load(self, port: int, *more) -> tuple[subprocess.CompletedProcess, dict]:
        done = lab("load", "--url", f"http://127.0.0.1:{port}", "--rate", 200, "--duration", "1s",
                   "--connections", 4, "--json", "-", *more)
        return done, json.loads(done.stdout)

    def test_every_payment_arrives_once_with_its_amount(self) -> None:
        self.two_processors()
        target = self.switch()
        done, figures = self.load(target.port, "--pid", target.process.pid,
                                  "--fdatasync", self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((figures["handed_in"], figures["taken"], figures["failed"]), (200, 200, 0))
        self.assertGreater(figures["latency_ms"]["p99"], 0)
        self.assertGreater(figures["fdatasync_ms"]["p50"], 0)
        self.assertIn("cpu_us_per_payment", figures)
        target.settle_all(20)
        books = {each: entry.cents for processor in self.processors
                 for each, entry in processor.books().items()}
        self.assertEqual(len(books), 200)
        self.assert_books_equal(target, {each: AMOUNT for each in books})

    def test_where_nobody_listens_every_payment_fails_to_connect(self) -> None:
        self.two_processors()
        free = self.processors[0].port
        self.processors[0].end()
        done, figures = self.load(free)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(figures["failures"]["connect"], 200)

    def test_a_status_other_than_success_is_a_failure_of_its_own(self) -> None:
        """A processor wants a requestedAt, which the load does not send."""
        cheap = self.processor("default", "0.05")
        done, figures = self.load(cheap.port)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(figures["failures"]["status"], {"400": 200})
