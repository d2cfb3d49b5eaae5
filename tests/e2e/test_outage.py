"""Processors that refuse or are gone: falling back, resting, probing, and coming back."""

import time

from harness import Scenario, new_payments, wait_until
from switch import Load
from times import now_ms

QUICK = {"attempt_timeout": "1s", "hang_up": "3s"}
COUNT = 200


def posts(processor) -> int:
    return processor.counters()["posts"]


class BothAreDown(Scenario):
    def setUp(self) -> None:
        self.both = self.two_processors()
        for each in self.both:
            each.failing(True)
        self.target = self.switch(each=QUICK)
        self.payments = new_payments(COUNT)

    def wait_until_both_are_open(self) -> None:
        wait_until(lambda: {self.target.breaker(each.name) for each in self.both} == {"open"}, 20,
                   "both breakers are open")

    def recover(self) -> None:
        for each in self.both:
            each.failing(False)

    def settle_and_compare(self) -> None:
        self.target.settle_all(40)
        self.assert_books_equal(self.target, self.payments)

    def test_payments_are_kept_and_none_of_them_looks_as_old_as_the_outage(self) -> None:
        self.pay_all(self.target, self.payments)
        self.wait_until_both_are_open()
        self.assertEqual(self.target.count("settled"), 0)
        recovered_ms = now_ms()
        self.recover()
        self.settle_and_compare()
        times = [entry.requested_ms for each in self.both for entry in each.books().values()]
        self.assertGreaterEqual(min(times), recovered_ms - 500)

    def test_only_probes_go_out_while_every_breaker_is_open(self) -> None:
        self.pay_all(self.target, self.payments)
        self.wait_until_both_are_open()
        wait_until(lambda: self.target.count("attempting") <= 6, 5, "nothing but probes is left")
        # The rule is a rate, so this measures one: 3 s of the rest of 5 s.
        before = [posts(each) for each in self.both]
        until = time.monotonic() + 3
        wait_until(lambda: time.monotonic() > until, 5)
        sent = [posts(each) - earlier for each, earlier in zip(self.both, before)]
        self.assertLessEqual(max(sent), 9, "a probe every 500 ms, 3 in flight")
        self.recover()
        self.settle_and_compare()

    def test_the_backlog_is_gone_soon_after_the_recovery(self) -> None:
        self.pay_all(self.target, self.payments)
        self.wait_until_both_are_open()
        self.recover()
        started = time.monotonic()
        self.settle_and_compare()
        self.assertLess(time.monotonic() - started, 15)
        self.assertEqual(self.target.metrics()["payswitch_backlog"], 0)

    def test_so_it_is_after_kill_9_in_the_middle_and_during_the_recovery(self) -> None:
        self.pay_all(self.target, self.payments)
        self.wait_until_both_are_open()
        self.target.restart()
        wait_until(lambda: self.target.count("accepted", "attempting", "unknown") == COUNT, 5,
                   "all of them are at work again")
        self.recover()
        wait_until(lambda: any(each.books() for each in self.both), 30, "the first is charged")
        self.target.restart()
        self.settle_and_compare()


class BothAreStopped(Scenario):
    """SIGSTOP: connections are still made, and nothing is ever answered."""

    def test_nothing_is_lost_or_charged_twice_with_kill_9_on_the_way(self) -> None:
        both = self.two_processors()
        target = self.switch(each=QUICK)
        payments = new_payments(COUNT)
        warm = dict(list(payments.items())[:20])
        self.pay_all(target, warm)
        target.settle_all(10)
        for each in both:
            each.stop()
        self.pay_all(target, {each: payments[each] for each in payments if each not in warm})
        wait_until(lambda: target.count("unknown") >= 10, 20, "requests are stuck")
        target.restart()
        wait_until(lambda: target.count("unknown") >= 10, 20, "they are still stuck")
        target.restart()
        for each in both:
            each.cont()
        target.settle_all(60)
        self.assert_books_equal(target, payments)


class OneIsDown(Scenario):
    def setUp(self) -> None:
        self.default, self.fallback = self.two_processors()

    def test_the_fallback_takes_over_and_hands_back(self) -> None:
        self.default.failing(True)
        target = self.switch(each=QUICK)
        first = new_payments(COUNT)
        self.pay_all(target, first)
        target.settle_all(20)
        self.assertEqual(len(self.fallback.books()), COUNT)
        shown = target.processors()["default"]["breaker"]
        self.assertEqual((shown["state"], bool(shown["why"])), ("open", True))
        self.assertEqual(
            target.metrics()['payswitch_breaker_state{processor="default",state="open"}'], 1)

        self.default.failing(False)
        paid = dict(first)

        def handed_back() -> bool:
            more = new_payments(5)
            self.pay_all(target, more, connections=1)
            paid.update(more)
            return target.breaker("default") == "closed"
        wait_until(handed_back, 30, "the default's breaker is closed again")
        target.settle_all(10)
        before = len(self.fallback.books())
        last = new_payments(20)
        self.pay_all(target, last, connections=1)
        target.settle_all(10)
        self.assertEqual(len(self.fallback.books()), before)
        self.assert_books_equal(target, {**paid, **last})

    def test_an_open_breaker_lets_few_payments_probe(self) -> None:
        self.default.failing(True)
        target = self.switch(each=QUICK)
        payments = new_payments(50)
        self.pay_all(target, payments)
        target.settle_all(10)
        self.assertEqual(target.breaker("default"), "open")
        before, until = posts(self.default), time.monotonic() + 3
        while time.monotonic() < until:
            more = new_payments(20)
            self.pay_all(target, more, connections=1)
            payments.update(more)
        probes = posts(self.default) - before
        self.assertTrue(2 <= probes <= 9, f"{probes} probes in 3 s")
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_a_payment_with_patience_waits_for_the_cheap_one(self) -> None:
        target = self.switch(each=QUICK, options={"patience": "60s"})
        self.default.failing(True)
        payments = new_payments(50)
        self.pay_all(target, payments)
        wait_until(lambda: target.breaker("default") == "open", 10, "the breaker is open")
        self.default.failing(False)
        target.settle_all(30)
        self.assertEqual(len(self.default.books()), 50)
        self.assert_books_equal(target, payments)

    def test_nobody_listening_is_a_refusal(self) -> None:
        port = self.default.port
        self.default.kill9()
        target = self.switch(each=QUICK)
        payments = new_payments(COUNT)
        self.pay_all(target, payments)
        target.settle_all(20)
        self.processors.remove(self.default)
        self.assertEqual(len(self.fallback.books()), COUNT)
        self.default = self.processor("default", "0.05", port)

        def it_is_used_again() -> bool:
            more = new_payments(5)
            self.pay_all(target, more, connections=1)
            payments.update(more)
            return len(self.default.books()) > 0
        wait_until(it_is_used_again, 30, "the default is used again")
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_health_is_asked_for_no_more_than_once_in_5_s(self) -> None:
        target = self.switch()
        wait_until(lambda: self.default.counters()["health_calls"] >= 3, 20, "three polls")
        payments = new_payments(COUNT)
        self.pay_all(target, payments)
        target.settle_all(20)
        for each in self.processors:
            self.assertEqual(each.counters()["health_throttled"], 0)
        self.assert_books_equal(target, payments)


class ManyMore(Scenario):
    def test_no_more_are_in_flight_than_a_processor_allows(self) -> None:
        for each in self.two_processors():
            each.delay(50)
        target = self.switch(each={**QUICK, "max_in_flight": 20})
        payments = new_payments(2_000)
        Load(target, payments).statuses()
        target.settle_all(60)
        for each in self.processors:
            self.assertLessEqual(each.counters()["max_running"], 20)
        self.assert_books_equal(target, payments)
