"""A hundred thousand payments, kill -9 twice on the way, and no difference between the books."""

from harness import Scenario, new_payments, read_ms, wait_until
from processor import cents_of
from switch import Load

COUNT = 100_000
KILLS = 2


class HundredThousand(Scenario):
    def test_two_kills_leave_no_difference_between_the_books_and_ours(self) -> None:
        for each in self.two_processors():
            each.delay(2)
        target = self.switch()
        payments = new_payments(COUNT)
        accepted: dict[str, int] = {}
        share = COUNT // (KILLS + 2)
        for _ in range(KILLS):
            load = Load(target, self.rest(payments, accepted))
            wait_until(lambda: load.answered > share, 120, "a good part is accepted")
            target.kill9()
            kept = [each for each, status in load.statuses().items() if status == 202]
            accepted.update({each: payments[each] for each in kept})
            target.start()
        self.assertLess(len(accepted), COUNT, "the kills came after the last payment")

        # Whose client got no answer is sent again; nothing that was accepted is.
        self.pay_all(target, self.rest(payments, accepted))
        target.settle_all(180)
        self.assertEqual(self.ours(target, payments), self.theirs())
        self.assert_books_equal(target, payments)

    def rest(self, payments: dict[str, int], accepted: dict[str, int]) -> dict[str, int]:
        return {each: cents for each, cents in payments.items() if each not in accepted}

    def theirs(self) -> list[tuple]:
        return sorted((each, entry.cents, entry.requested_ms, processor.name)
                      for processor in self.processors for each, entry in processor.books().items())

    def ours(self, target, payments) -> list[tuple]:
        views = target.payments(payments).items()
        return sorted((each, cents_of(view["amount"]), read_ms(view["requestedAt"]),
                       view["processor"]) for each, view in views if view["state"] == "settled")
