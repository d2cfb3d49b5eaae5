"""Processors that take a payment and do not say so, in every way we know of. Whatever they do, and
whenever the switch dies on the way, each accepted payment is charged once, at one processor."""

from harness import Scenario, iso, new_payments, read_ms, wait_until
from processor import Processor
from switch import Switch

PATIENT = {"attempt_timeout": "1s", "hang_up": "3s"}
COUNT = 40


def oldest_unknown(target: Switch) -> float:
    return target.metrics()["payswitch_oldest_unknown_seconds"]


class HardProcessor:
    """One kind of trouble at the default processor, met three times: alone, with a kill -9 in the
    middle, and with another one during the recovery. The fallback works all the time."""

    deadline = 60.0

    def cause_trouble(self, default: Processor, payments: dict[str, int]) -> None:
        """Before the payments come."""
        raise NotImplementedError

    def add_to_it(self, default: Processor) -> None:
        """After all are accepted and the first requests have arrived."""

    def middle(self, default: Processor, target: Switch) -> bool:
        """Whether the trouble is in full swing."""
        return default.counters()["posts"] >= 5

    def recovering(self, default: Processor, target: Switch) -> bool:
        """Whether the switch has begun to ask what happened while it was dead."""
        counters = default.counters()
        return counters["gets"] > self.gets_before

    def relent(self, default: Processor) -> None:
        """What must change for the payments to be settled at all."""

    def landed(self) -> bool:
        """Whether nothing is on its way into the default's books any more. The switch may be done
        with a payment long before; a second charge would show only now."""
        return True

    def booked_otherwise(self) -> dict[str, int]:
        return {}

    # -- the three tests ---------------------------------------------------------------------------

    def test_every_payment_is_in_exactly_one_set_of_books(self) -> None:
        self.meet_trouble()
        self.settle_and_compare()

    def test_so_it_is_after_kill_9_in_the_middle(self) -> None:
        self.meet_trouble()
        self.target.restart()
        self.settle_and_compare()

    def test_so_it_is_after_kill_9_during_the_recovery_too(self) -> None:
        self.meet_trouble()
        self.note_gets()
        self.target.restart()
        wait_until(lambda: self.recovering(self.default, self.target)
                   or self.target.count("unknown", "attempting", "accepted") == 0,
                   20, "the recovery has begun")
        self.target.restart()
        self.settle_and_compare()

    # -- their steps -------------------------------------------------------------------------------

    def meet_trouble(self) -> None:
        self.default, self.fallback = self.two_processors()
        self.target = self.switch(each=PATIENT)
        self.payments = new_payments(COUNT)
        self.cause_trouble(self.default, self.payments)
        self.pay_all(self.target, self.payments, connections=4)
        wait_until(lambda: self.middle(self.default, self.target), 20, "trouble")
        self.add_to_it(self.default)

    def note_gets(self) -> None:
        self.gets_before = self.default.counters()["gets"]

    def settle_and_compare(self) -> None:
        self.relent(self.default)
        self.target.settle_all(self.deadline)
        wait_until(self.landed, 30, "all that was sent has landed")
        self.assert_books_equal(self.target, self.payments,
                                booked_otherwise=self.booked_otherwise())
        self.assertGreater(len(self.default.books()), 0, "nothing met the trouble")

    def all_sent_are_booked(self) -> bool:
        """For processors that book everything in the end."""
        sent = {each for each, view in self.target.payments(self.payments).items()
                if any(attempt["processor"] == "default" and attempt["outcome"] != "not_sent"
                       for attempt in view["attempts"])}
        return sent <= set(self.default.books())


class TakesTenSeconds(HardProcessor, Scenario):
    """Every answer comes long after its connection was hung up; those to re-POSTs as well."""

    def cause_trouble(self, default, payments):
        default.delay(10_000)

    def landed(self):
        return self.all_sent_are_booked()


class TakesItAndDropsTheConnection(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="take_and_drop", count=COUNT, get="drop", get_count=60)


class DropsTheConnectionAndDoesNotTakeIt(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="drop", count=15)

    def settle_and_compare(self):
        super().settle_and_compare()
        # It may have been taken, for all we know: nobody but the default may have charged these.
        self.assertGreaterEqual(len(self.default.books()), 5)


class RefusesTheSecondRequestWhileTheFirstRuns(HardProcessor, Scenario):
    """The refusal is true, and says nothing of the first request, which is booked after 6 s."""

    def cause_trouble(self, default, payments):
        default.faults(post="take_late", count=COUNT, late_ms=6_000)

    def landed_all(self, default):
        return len(default.books()) >= self.taken

    def add_to_it(self, default):
        self.taken = default.counters()["posts"]
        default.faults()
        default.failing(True)

    def relent(self, default):
        # A restart on a busy machine may take longer than the first ones: then nothing is refused.
        wait_until(lambda: default.counters()["posts"] > self.taken or self.landed_all(default),
                   20, "a second one is refused")
        wait_until(lambda: self.landed_all(default), 20, "the first ones have landed")
        # Requests that a kill -9 kept from being sent count as sent, and need a yes.
        default.failing(False)


class Answers500WithABodyAfterTheCommit(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="error_booked", count=COUNT,
                       get="status", get_count=60, get_status=503)


class Answers500WithABodyWithoutACommit(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="error_unbooked", count=15)


class GarblesItsAnswers(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="garble_booked", count=COUNT,
                       get="status", get_count=60, get_status=429)


class GarblesItsAnswersAndTakesNothing(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="garble_unbooked", count=15)


class AnswersLateOnAConnectionThatIsStillRead(HardProcessor, Scenario):
    """After attempt_timeout, before hang_up: the late 200 settles, whatever GET says meanwhile."""

    def cause_trouble(self, default, payments):
        default.faults(post="answer_late", count=COUNT, late_ms=2_000, get="not_found",
                       get_count=1_000_000)

    def relent(self, default):
        wait_until(lambda: self.target.count("attempting", "unknown") == 0
                   or oldest_unknown(self.target) > 4, 20, "every late answer has come")
        default.faults()

    def test_the_late_answer_settles_it_although_get_denies_it(self):
        self.meet_trouble()
        self.target.settle_all(20)
        self.assert_books_equal(self.target, self.payments)


class AnswersLateOnAConnectionThatWasGivenUp(HardProcessor, Scenario):
    """After hang_up; meanwhile more payments go the same way, and must not read those answers."""

    def cause_trouble(self, default, payments):
        default.faults(post="answer_late", count=COUNT, late_ms=4_000, get="not_found",
                       get_count=1_000_000)

    def relent(self, default):
        wait_until(lambda: oldest_unknown(self.target) > 6, 20, "every late answer has been sent")
        default.faults()

    def add_to_it(self, default):
        more = new_payments(COUNT)
        self.pay_all(self.target, more)
        self.payments.update(more)


class BooksItAndThenDeniesIt(HardProcessor, Scenario):
    """It dropped the connection after the commit, and its GET says 404 for a while: a 404 proves
    nothing, and neither does the 422 that the second POST gets."""

    def cause_trouble(self, default, payments):
        default.faults(post="take_and_drop", count=COUNT, get="not_found", get_count=200)

    def relent(self, default):
        wait_until(lambda: default.counters()["gets"] >= 10, 30, "it has denied it")
        default.faults()


class WritesTimesWithoutAZone(HardProcessor, Scenario):
    def cause_trouble(self, default, payments):
        default.faults(post="take_and_drop", count=COUNT, get="no_zone", get_count=10_000)


class IsStoppedWithTheRequestInItsSocket(HardProcessor, Scenario):
    """It books everything that waited in its sockets when it is woken, hung up or not."""

    def cause_trouble(self, default, payments):
        warm = new_payments(COUNT)
        self.pay_all(self.target, warm)
        self.target.settle_all(10)
        payments.update(warm)
        default.stop()

    def middle(self, default, target):
        return target.count("unknown") >= 5

    def note_gets(self):
        """It cannot be asked while it stands still."""

    def recovering(self, default, target):
        return target.count("unknown", "attempting") >= 5

    def landed(self):
        return self.all_sent_are_booked()

    def relent(self, default):
        wait_until(lambda: oldest_unknown(self.target) > 4, 20, "all that was sent is hung up")
        default.cont()


class HasItWithAnotherTime(HardProcessor, Scenario):
    """422: the id is in its books already, with a requestedAt, and for one payment an amount, that
    are not ours. Its books are the truth; the difference is a finding."""

    EARLIER_MS = read_ms("2025-07-08T12:34:56.789Z")

    def cause_trouble(self, default, payments):
        self.known = list(payments)[:10]
        self.other_amount = {self.known[0]: payments[self.known[0]] + 1}
        for number, each in enumerate(self.known):
            cents = self.other_amount.get(each, payments[each])
            default.book(each, cents, self.EARLIER_MS + number)

    def booked_otherwise(self):
        return self.other_amount

    def recovering(self, default, target):
        return True

    def settle_and_compare(self):
        super().settle_and_compare()
        for number, each in enumerate(self.known):
            view = self.target.payment(each)
            self.assertEqual((view["state"], view["processor"]), ("settled", "default"))
            self.assertEqual(view["requestedAt"], iso(self.EARLIER_MS + number))
            self.assertTrue(view["finding"])
        if not self.target.redis:  # there a process counts its own, and this may be the second one
            self.assertEqual(self.target.metrics()["payswitch_findings_total"], len(self.known))
