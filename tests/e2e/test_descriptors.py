"""Few file descriptors, and idle clients that take all they can get."""

import re
import subprocess
from contextlib import ExitStack

from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process, run
from wire import Closed, Connection

EXIT_CANNOT_START = 2
_ALLOWED = re.compile(r"(\d+) file descriptors allow at most (\d+) connections and "
                      r"(\d+) \+ (\d+) payments in flight")


class FewDescriptors(Scenario):
    stores = ("embedded",)

    def start_with(self, descriptors: int, **options):
        """A switch with this hard limit, and small segments, so that it changes them often."""
        target = self.switch(start=False, options={"journal": {"segment_size": 65536}, **options})
        target.adopt(Process(["prlimit", f"--nofile={descriptors}:{descriptors}", PAYSWITCH,
                              "serve", "--config", target.config],
                             target.directory / "switch.log"))
        return target

    def expect_payments_go_on(self, descriptors: int, io_uring: str) -> None:
        self.two_processors()
        target = self.start_with(descriptors, io_uring=io_uring)
        granted, connections, *in_flight = map(int, _ALLOWED.search(target.process.said()).groups())
        self.assertEqual(granted, descriptors)
        self.assertGreaterEqual(connections, 1)
        with ExitStack() as idle:
            open_ones = [idle.enter_context(Connection(target.port))
                         for _ in range(3 * descriptors)]
            self.assertEqual(len(open_ones), 3 * descriptors)
        # All of them have gone; from here on all but one are taken by clients that say nothing.
        self.assertEqual(target.process.exit_code(), None, target.process.said())
        payments = new_payments(1_500)
        with ExitStack() as idle:
            for _ in range(connections - 1):
                idle.enter_context(Connection(target.port))
            self.pay_when_there_is_a_place(target, payments)
            for _ in range(2 * descriptors):
                idle.enter_context(Connection(target.port))
            self.assertEqual(target.process.exit_code(), None, target.process.said())
        wait_until(lambda: self.has_a_place(target), 10, "it answers again")
        target.settle_all(60)
        self.assertIsNone(target.process.exit_code())
        wait_until(lambda: not (target.data / "journal-0000000001").exists(), 60,
                   "its first segments are archived and removed")
        self.assert_books_equal(target, payments)

    def has_a_place(self, target) -> bool:
        """One connection too many is closed: the switch has not seen yet that others have gone."""
        try:
            return target.get("/healthz").status == 200
        except (Closed, OSError):
            return False

    def pay_when_there_is_a_place(self, target, payments: dict[str, int]) -> None:
        wait_until(lambda: self.has_a_place(target), 10, "a place is free")
        self.pay_all(target, payments, connections=1)

    def test_idle_clients_take_no_descriptor_that_the_journal_needs(self) -> None:
        self.expect_payments_go_on(64, "auto")

    def test_nor_without_io_uring(self) -> None:
        self.expect_payments_go_on(100, "off")

    def test_too_few_for_the_store_are_one_line_and_exit_code_2(self) -> None:
        self.two_processors()
        target = self.switch(start=False)
        done = subprocess.run(["prlimit", "--nofile=40:40", PAYSWITCH, "serve", "--config",
                               target.config], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, EXIT_CANNOT_START)
        self.assertRegex(done.stderr, r"^payswitch: 40 file descriptors are too few: the "
                                      r"store, the processors and the first client need \d+; "
                                      r"raise the hard limit .*\n$")


class TheLock(Scenario):
    stores = ("embedded",)

    def test_a_second_process_is_refused_whatever_was_removed_from_the_directory(self) -> None:
        target = self.switch()
        (target.data / "lock").touch()  # as a former version left it
        for each in list(target.data.iterdir()):
            each.unlink()
        second = run(["serve", "--config", target.config])
        self.assertEqual(second.returncode, EXIT_CANNOT_START)
        self.assertIn("is in use by another process", second.stderr)
        self.assertEqual(len(second.stderr.splitlines()), 1)


class TheDirectory(Scenario):
    stores = ("embedded",)

    def expect_refused(self, word: str) -> None:
        done = run(["serve", "--config", self.target.config])
        self.assertEqual(done.returncode, EXIT_CANNOT_START)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(word, done.stderr)

    def setUp(self) -> None:
        self.target = self.switch()
        self.target.drain()

    def test_one_that_others_may_write_is_refused(self) -> None:
        self.target.data.chmod(0o777)
        self.expect_refused("chmod go-w")

    def test_a_symbolic_link_in_it_is_refused_and_not_followed(self) -> None:
        victim = self.directory / "victim"
        victim.write_text("precious")
        for name in ("journal-0000000002", "journal-0000000004.tmp"):
            link = self.target.data / name
            link.unlink(missing_ok=True)
            link.symlink_to(victim)
            self.expect_refused(f"'{name}' is a symbolic link")
            link.unlink()
        self.assertEqual(victim.read_text(), "precious")
