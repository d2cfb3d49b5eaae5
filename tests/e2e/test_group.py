"""Several switches on one Redis: one of them dies, sleeps, or all of them lose Redis. Whatever
happens, each accepted payment is charged once, and every one of them shows the same books."""

from pathlib import Path

from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process
from redis_server import make_certificate
from switch import Load, Switch
from wire import Connection, request

QUICK = {"attempt_timeout": "1s", "hang_up": "3s"}
COUNT = 200


class OnOneRedis:
    store = "redis"

    def setUp(self) -> None:
        self.both = self.two_processors()
        self.the_redis = self.redis()

    def join(self, **configuration) -> Switch:
        configuration.setdefault("each", QUICK)
        return self.switch(redis=self.the_redis, **configuration)

    def assert_all_see_equal_books(self, payments, switches) -> None:
        for each in switches:
            self.assert_books_equal(each, payments)


class SomebodyDies(OnOneRedis, Scenario):
    def test_the_others_see_its_payments_through(self) -> None:
        default, _ = self.both
        default.faults(post="take_and_drop", count=30, get="status", get_count=60, get_status=503)
        dying, living = self.join(), self.join()
        payments = new_payments(COUNT)
        self.pay_all(dying, payments)
        wait_until(lambda: default.counters()["posts"] >= 5, 10, "some are on their way")
        dying.kill9()
        living.settle_all(60)
        self.assert_books_equal(living, payments)

    def test_so_it_is_when_one_after_the_other_dies_under_load(self) -> None:
        for each in self.both:
            each.delay(20)
        group = [self.join() for _ in range(3)]
        payments = new_payments(6_000)
        accepted: dict[str, int] = {}
        ids = list(payments)
        for number, victim in enumerate(group[:2]):
            mine = {each: payments[each] for each in ids[number::3]}
            load = Load(victim, mine)
            wait_until(lambda: load.answered > 500, 60, "the load runs")
            victim.kill9()
            accepted.update({each: mine[each] for each, status in load.statuses().items()
                             if status == 202})
        rest = {each: payments[each] for each in ids if each not in accepted}
        self.pay_all(group[2], rest)
        group[2].settle_all(60)
        self.assert_books_equal(group[2], payments)

    def test_both_processors_are_away_and_so_is_the_one_who_accepted(self) -> None:
        for each in self.both:
            each.failing(True)
        dying, living = self.join(), self.join()
        payments = new_payments(COUNT)
        self.pay_all(dying, payments)
        dying.kill9()
        wait_until(lambda: living.count("accepted", "attempting", "unknown") == COUNT, 20,
                   "they are taken over")
        for each in self.both:
            each.failing(False)
        living.settle_all(60)
        self.assert_books_equal(living, payments)


class SomebodySleeps(OnOneRedis, Scenario):
    def test_what_it_missed_is_not_charged_again_when_it_wakes(self) -> None:
        default, _ = self.both
        default.delay(500)
        sleeper, other = self.join(), self.join()
        payments = new_payments(COUNT)
        self.pay_all(sleeper, payments)
        name = sleeper.instance()
        sleeper.process.stop()
        wait_until(lambda: name not in self.the_redis.open_by_instance(), 20,
                   "its payments are taken over")
        sleeper.process.cont()
        wait_until(lambda: sleeper.instance() != name, 20, "it has another name")
        more = new_payments(COUNT)
        self.pay_all(sleeper, more)
        for each in (sleeper, other):
            each.settle_all(60)
        self.assert_all_see_equal_books({**payments, **more}, (sleeper, other))

    def test_alone_it_goes_on_where_it_was(self) -> None:
        sleeper = self.join()
        for each in self.both:
            each.delay(300)
        payments = new_payments(COUNT)
        self.pay_all(sleeper, payments)
        name = sleeper.instance()
        sleeper.process.stop()
        wait_until(lambda: self.lease_is_over(name), 10, "its lease is over")
        sleeper.process.cont()
        wait_until(lambda: sleeper.instance() != name, 20, "it has another name")
        sleeper.settle_all(60)
        self.assert_books_equal(sleeper, payments)

    def lease_is_over(self, name: str) -> bool:
        (seconds, _), until = self.the_redis.ask(["TIME"], ["ZSCORE", "ps:{meta}:leases", name])
        return until is None or int(until) < int(seconds) * 1000


class RedisGoesAway(OnOneRedis, Scenario):
    def test_nothing_is_accepted_meanwhile_and_nothing_is_lost(self) -> None:
        for each in self.both:
            each.delay(100)
        group = [self.join(), self.join()]
        payments = new_payments(COUNT)
        for target in group:
            self.pay_all(target, dict(list(payments.items())[group.index(target)::2]))
        self.the_redis.kill9()
        for target in group:
            wait_until(lambda: target.get("/readyz").status == 503, 10, "it says so")
            refused = target.pay(*next(iter(new_payments(1).items())))
            self.assertEqual(refused.status, 503)
            self.assertTrue(refused.fields["content-type"].startswith("application/problem+json"))
            self.assertEqual(target.get("/payments-summary").status, 503)
            self.assertEqual(target.get("/healthz").status, 200)
        self.the_redis.start()
        for target in group:
            wait_until(lambda: target.get("/readyz").status == 200, 20, "it is back")
            target.settle_all(60)
        self.assert_all_see_equal_books(payments, group)

    def test_killed_under_load_it_has_what_was_accepted(self) -> None:
        target = self.join()
        payments = new_payments(6_000)
        load = Load(target, payments)
        wait_until(lambda: load.answered > 1_000, 60, "the load runs")
        self.the_redis.restart()
        statuses = load.statuses()
        self.assertLessEqual(set(statuses.values()), {202, 503})
        wait_until(lambda: target.get("/readyz").status == 200, 20, "it is back")
        accepted = {each: payments[each] for each, status in statuses.items() if status == 202}
        # What was said to be unavailable may be in, or not; sent again it is in, once.
        self.pay_all(target, payments)
        target.settle_all(60)
        self.assertGreater(len(accepted), 1_000)
        self.assert_books_equal(target, payments)

    def test_switch_and_redis_die_together(self) -> None:
        default, _ = self.both
        default.faults(post="take_and_drop", count=30)
        target = self.join()
        payments = new_payments(COUNT)
        self.pay_all(target, payments)
        self.the_redis.kill9()
        target.kill9()
        self.the_redis.start()
        target.start()
        target.settle_all(60)
        self.assert_books_equal(target, payments)

    def test_a_redis_that_stands_still_is_waited_for(self) -> None:
        target = self.join()
        warm = new_payments(COUNT)
        self.pay_all(target, warm)
        self.the_redis.stop()
        pay = Load(target, more := new_payments(20), connections=20)
        wait_until(lambda: pay.answered == 20, 30, "they are told that it is unavailable")
        self.assertEqual(set(pay.statuses().values()), {503})
        self.the_redis.cont()
        wait_until(lambda: target.get("/readyz").status == 200, 20, "it is back")
        self.pay_all(target, more)
        target.settle_all(60)
        self.assert_books_equal(target, {**warm, **more})

    def test_sigterm_answers_those_whose_payment_is_still_being_looked_up(self) -> None:
        target = self.switch([], redis=self.the_redis)
        payment = next(iter(new_payments(1).items()))
        self.assertEqual(target.pay(*payment).status, 202)
        self.the_redis.stop()
        with Connection(target.port) as waiting:
            waiting.send(request("GET", f"/payments/{payment[0]}?wait=60s"))
            self.assertEqual(target.get("/healthz").status, 200)  # by now the wait has been read
            target.terminate()
            wait_until(lambda: "stopping" in target.process.said(), 5, "it ends")
            self.the_redis.cont()
            self.assertEqual(waiting.read().json()["state"], "accepted")
        self.assertEqual(target.process.wait_exit(5), 0)


class RedisForgets(OnOneRedis, Scenario):
    def test_one_that_keeps_nothing_is_told_again_what_happened_lately(self) -> None:
        """The last half minute is everything here."""
        self.the_redis = self.redis(appendonly="no")
        group = [self.join(), self.join()]
        for each in self.both:
            each.delay(50)
        payments = new_payments(COUNT)
        for target in group:
            self.pay_all(target, dict(list(payments.items())[group.index(target)::2]))
        self.the_redis.restart()
        for target in group:
            wait_until(lambda: target.get("/readyz").status == 200, 20, "it is back")
        for target in group:
            target.settle_all(60)
        self.assert_all_see_equal_books(payments, group)


class OverTls(OnOneRedis, Scenario):
    def setUp(self) -> None:
        super().setUp()
        self.the_redis = self.redis(tls=True)

    def trusting(self, certificate: Path) -> dict[str, dict]:
        return {"store": {"lease": Switch.LEASE, "ca_file": str(certificate)}}

    def test_payments_pass_and_come_through_a_restart(self) -> None:
        target = self.join(options=self.trusting(self.the_redis.certificate))
        payments = new_payments(COUNT)
        self.pay_all(target, payments)
        self.the_redis.restart()
        wait_until(lambda: target.get("/readyz").status == 200, 20, "it is back")
        self.pay_all(target, more := new_payments(COUNT))
        target.settle_all(60)
        self.assert_books_equal(target, {**payments, **more})

    def test_one_that_does_not_prove_itself_gets_no_payment(self) -> None:
        other = self.directory / "other.crt"
        make_certificate(other, self.directory / "other.key")
        target = self.join(start=False, options=self.trusting(other))
        target.process = Process([PAYSWITCH, "serve", "--config", target.config],
                                 target.directory / "switch.log",
                                 {"REDIS_URL": self.the_redis.url})
        target.process.wait_for(lambda: "certificate verify failed" in target.process.said(),
                                "it says why")
        self.assertEqual(self.the_redis.ask(["DBSIZE"]), [0])


class OneKnowsAProcessorMore(OnOneRedis, Scenario):
    def join(self, processors) -> Switch:
        # It hears of the other's processor with the next beat only: a tenth of this.
        return self.switch(processors, redis=self.the_redis, each=QUICK,
                           options={"store": {"lease": "600s"}})

    def test_the_others_show_and_sum_what_it_sends_there_before_they_have_heard_of_it(self) -> None:
        old = self.join(self.both)
        extra = self.processor("extra", "0.01")
        new = self.join([extra, *self.both])
        self.pay_all(new, payments := new_payments(COUNT))
        new.settle_all(30)
        self.assertEqual(old.summary()["extra"], new.summary()["extra"])
        self.assert_books_equal(old, payments)
        self.assertEqual(sum(len(each.books()) for each in self.both), 0)

    def test_a_payment_is_shown_with_the_name(self) -> None:
        old = self.join(self.both)
        extra = self.processor("extra", "0.01")
        new = self.join([extra, *self.both])
        self.pay_all(new, payments := new_payments(1))
        (paid,) = payments
        new.settle_all(30)
        self.assertEqual(old.payment(paid)["processor"], "extra")
        listed = old.get("/payments").json()["payments"]
        self.assertEqual([each["processor"] for each in listed], ["extra"])


class ShareAProcessor(OnOneRedis, Scenario):
    def test_health_is_polled_once_for_all(self) -> None:
        for _ in range(3):
            self.join()
        default, fallback = self.both
        wait_until(lambda: default.counters()["health_calls"] >= 3, 30, "three polls")
        for each in self.both:
            self.assertEqual(each.counters()["health_throttled"], 0)

    def test_max_in_flight_is_that_of_the_group(self) -> None:
        for each in self.both:
            each.delay(50)
        group = [self.join(each={**QUICK, "max_in_flight": 40}) for _ in range(2)]
        wait_until(lambda: all(self.most(target) == 18 for target in group), 10,
                   "each has its half, less a tenth for questions")
        payments = new_payments(2_000)
        ids = list(payments)
        loads = [Load(target, {each: payments[each] for each in ids[number::2]})
                 for number, target in enumerate(group)]
        for load in loads:
            self.assertEqual(set(load.statuses().values()), {202})
        for target in group:
            target.settle_all(60)
        for each in self.both:
            self.assertLessEqual(each.counters()["max_running"], 40)
        self.assert_all_see_equal_books(payments, group)

        group[0].kill9()
        self.pay_all(group[1], more := new_payments(COUNT))
        wait_until(lambda: self.most(group[1]) > 18, 30, "the other has it for itself")
        group[1].settle_all(60)
        self.assert_books_equal(group[1], {**payments, **more})

    def most(self, target: Switch) -> int:
        return max(each["limit"] for each in target.processors().values())
