"""A processor is a place, not a name: what is unanswered there is asked for there alone."""

import subprocess
from typing import NamedTuple

from harness import Scenario, new_payments, wait_until
from process import run
from processor import Processor
from switch import Switch

PATIENT = {"attempt_timeout": "1s", "hang_up": "60s"}
# Payments wait for the cheap one, also while it has no connection ready.
OPTIONS = {"patience": "30s"}


class Placed(NamedTuple):
    """A processor as it is configured: under a name, at a URL."""
    name: str
    url: str
    fee: str


def at(processor: Processor, url: str) -> Placed:
    return Placed(processor.name, url, processor.fee)


class Origins(Scenario):
    def setUp(self) -> None:
        self.default, self.fallback = self.two_processors()
        self.target = self.switch(each=PATIENT, options=OPTIONS)
        self.payments = new_payments(3)

    def leave_them_unanswered(self) -> None:
        """The default has them in its sockets and books them later. The switch is dead."""
        def all_sent() -> bool:
            # One that is only attempting may have an intent that is not durable yet.
            return self.target.count("unknown") == len(self.payments)
        # A connection that is ready takes the POST.
        wait_until(lambda: self.target.processors()["default"]["health"], 10, "it has been polled")
        self.default.stop()
        self.pay_all(self.target, self.payments)
        wait_until(all_sent, 10, "all are sent")
        self.target.kill9()

    def configure(self, *placed) -> None:
        self.target.configure(placed, each=PATIENT, options=OPTIONS)

    def start_to_its_end(self, *flags: str) -> subprocess.CompletedProcess:
        store = {"REDIS_URL": self.target.redis.url} if self.target.redis else {}
        return run(["serve", "--config", self.target.config, *flags], store, 30)

    def assert_refused(self, *parts: str) -> None:
        finished = self.start_to_its_end()
        self.assertEqual(finished.returncode, 2, finished)
        line = finished.stderr.splitlines()[-1]
        for part in parts:
            self.assertIn(part, line)

    def total(self) -> str:
        cents = sum(self.payments.values())
        return f"{cents // 100}.{cents % 100:02d}"

    def settle_and_compare(self) -> None:
        self.target.settle_all(30)
        self.assert_books_equal(self.target, self.payments)

    def test_swapped_urls_are_refused_while_a_payment_is_unanswered(self) -> None:
        self.leave_them_unanswered()
        self.configure(at(self.default, self.fallback.url), at(self.fallback, self.default.url))
        self.assert_refused("'default'", self.default.url, self.fallback.url, "3 payments",
                            self.total(), "--moved default")
        self.configure(self.default, self.fallback)
        self.target.start()
        self.default.cont()
        self.settle_and_compare()

    def test_one_changed_url_is_refused_and_moved_books_are_the_same(self) -> None:
        self.leave_them_unanswered()
        moved = at(self.default, f"http://localhost:{self.default.port}")
        self.configure(moved, self.fallback)
        self.assert_refused("'default'", self.default.url, moved.url, "3 payments")
        unknown = self.start_to_its_end("--moved", "defautl")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("did you mean 'default'?", unknown.stderr)
        self.target.start("--moved", "default")
        self.assertIn("has moved", self.target.process.said())
        self.default.cont()
        self.settle_and_compare()
        self.target.kill9()
        self.target.start()
        self.assertNotIn("has moved", self.target.process.said())
        self.assert_books_equal(self.target, self.payments)

    def test_another_url_is_a_warning_where_nothing_is_open(self) -> None:
        self.pay_all(self.target, self.payments)
        self.settle_and_compare()
        self.target.kill9()
        other = at(self.default, f"http://localhost:{self.default.port}")
        self.configure(other, self.fallback)
        self.target.start()
        warned = [line for line in self.target.process.said().splitlines() if other.url in line]
        self.assertTrue(any(self.default.url in line for line in warned), warned)
        more = new_payments(3)
        self.payments.update(more)
        self.pay_all(self.target, more)
        self.settle_and_compare()

    def test_what_is_open_at_a_processor_that_is_not_configured_is_shown(self) -> None:
        self.leave_them_unanswered()
        self.configure(self.fallback)
        self.target.start()
        ready = self.target.get("/readyz")
        self.assertEqual((ready.status, ready.json()["notConfigured"]), (200, ["default"]))
        shown = self.target.processors()["default"]
        self.assertEqual((shown["configured"], shown["origin"], shown["open"]["payments"]),
                         (False, self.default.url, 3))
        url = f"http://127.0.0.1:{self.target.port}"
        audit = run(["audit", "--url", url])
        self.assertEqual(audit.returncode, 3, audit)
        self.assertIn(f"3 open payments of {self.total()}", audit.stdout)
        if not self.target.redis:
            data = ["audit", "--data", str(self.target.data)]
            audit = run(data)
            self.assertEqual(audit.returncode, 0, audit)
            self.assertIn(self.default.url, audit.stdout)
            audit = run([*data, "--processors", "fallback"])
            self.assertEqual(audit.returncode, 3, audit)
            self.assertIn(f"3 open payments of {self.total()}", audit.stdout)
            self.assertEqual(run([*data, "--processors", "fallback,default"]).returncode, 0)
        self.target.kill9()
        self.configure(self.default, self.fallback)
        self.target.start()
        self.default.cont()
        self.settle_and_compare()
        self.assertEqual(run(["audit", "--url", f"http://127.0.0.1:{self.target.port}"]).returncode,
                         0)


class Group(Scenario):
    stores = ("redis",)

    def test_a_second_instance_with_another_url_is_refused_while_the_first_lives(self) -> None:
        default, fallback = self.two_processors()
        first = self.switch()
        second = self.switch([at(default, f"http://localhost:{default.port}"), fallback],
                             start=False, redis=first.redis)
        finished = run(["serve", "--config", second.config], {"REDIS_URL": first.redis.url}, 30)
        self.assertEqual(finished.returncode, 2, finished)
        for part in ("'default'", "localhost", default.url, "another instance lives"):
            self.assertIn(part, finished.stderr.splitlines()[-1])
        second.start("--moved", "default")
        payments = new_payments(20)
        self.pay_all(second, payments)
        self.pay_all(first, new := new_payments(20))
        second.settle_all(20)
        self.assert_books_equal(first, {**payments, **new})
