"""A data directory that is older than the processors' books: a copy that was restored, or one that
lost a part. Payments that were charged after it are repeated by their clients."""

import shutil

from harness import Scenario, new_payments, wait_until
from process import run

# Only the cheap processor is paid at before, only the dear one would be after: what is charged
# again is in both books.
BEFORE = 5
AFTER = 10


class Restored(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        self.default, self.fallback = self.two_processors()
        self.target = self.switch()
        self.before = self.pay(BEFORE)
        self.target.drain()
        self.copy = self.target.directory / "copy"
        shutil.copytree(self.target.data, self.copy)
        self.target.start()
        self.after = self.pay(AFTER)
        self.assertEqual(self.target.drain(), 0)

    def pay(self, count: int) -> dict[str, int]:
        payments = new_payments(count)
        self.pay_all(self.target, payments)
        self.target.settle_all(20)
        return payments

    def restore_the_copy(self) -> None:
        shutil.rmtree(self.target.data)
        shutil.copytree(self.copy, self.target.data)

    def cut_the_journal(self) -> None:
        for file in self.target.data.glob("journal-*"):
            file.unlink()

    def repeat_all(self) -> None:
        """As clients do that got no answer, or were told to."""
        self.default.failing(True)
        for payments in (self.before, self.after):
            self.pay_all(self.target, payments)
        self.target.settle_all(30)
        self.default.failing(False)

    def charged_twice(self) -> int:
        return len(set(self.default.books()) & set(self.fallback.books()))

    def said(self, part: str) -> bool:
        return part in self.target.process.said()

    def metric(self, name: str) -> float:
        return self.target.metrics()[f"payswitch_{name}"]

    def assert_all_is_charged_once(self) -> None:
        self.assertEqual(self.charged_twice(), 0)
        self.assert_books_equal(self.target, {**self.before, **self.after})

    def test_what_was_charged_after_the_copy_is_charged_once_and_settled(self) -> None:
        self.restore_the_copy()
        self.target.start("--restored")
        self.assertTrue(self.said(", restored, durability"))
        self.assertTrue(self.said("this store is a restored copy"))
        self.assertEqual(self.metric("restored"), 1)
        self.assertTrue(self.target.get("/readyz").json()["restored"])
        self.repeat_all()
        self.assert_all_is_charged_once()
        self.assertEqual(self.metric('found_first_total{processor="default"}'), AFTER)

    def test_a_directory_that_lost_its_journal_charges_once_too(self) -> None:
        self.cut_the_journal()
        self.target.start("--restored")
        self.repeat_all()
        self.assert_all_is_charged_once()

    def test_it_is_kept_through_restarts_until_it_is_said_to_be_done(self) -> None:
        self.restore_the_copy()
        self.target.start("--restored")
        self.target.restart()
        self.assertTrue(self.said("this store is a restored copy"))
        self.repeat_all()
        self.assertEqual(self.target.drain(), 0)
        self.target.start("--restored=done")
        self.assertEqual(self.metric("restored"), 0)
        self.assertNotIn("restored", self.target.get("/readyz").json())
        self.target.restart()
        self.assertEqual(self.metric("restored"), 0)
        asked = self.metric('asked_total{processor="default"}')
        self.after |= self.pay(3)
        self.assertEqual(self.metric('asked_total{processor="default"}'), asked)
        self.assert_all_is_charged_once()

    def test_without_it_a_processor_that_has_a_new_payment_already_raises_the_alarm(self) -> None:
        self.restore_the_copy()
        self.target.start()
        self.pay_all(self.target, self.after)
        self.target.settle_all(30)
        self.assertEqual(self.metric('booked_before_total{processor="default"}'), AFTER)
        self.assertTrue(self.said("which is new to us"))
        self.assertEqual(self.target.process.said().count("were these books restored"), 2)
        self.assert_all_is_charged_once()  # this time: the cheap one was up

    def test_it_is_a_flag_and_takes_done_or_nothing(self) -> None:
        for flags, part in ((["--restored=off"], "'off' is not one of on, done"),
                            (["--restored", "--restored=done"], "may be given once")):
            ended = run(["serve", *flags])
            self.assertEqual(ended.returncode, 2)
            self.assertIn(part, ended.stderr)
