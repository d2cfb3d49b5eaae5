"""A disk that fails, is full, or was damaged (PROTOCOL 4.2 and 4.4)."""

import subprocess
import time
from pathlib import Path

from campaign import has_strace
from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process, run
from switch import Load, Switch
from wire import Closed

EXIT_CANNOT_START = 2
EXIT_JOURNAL_FAILED = 74


class FailingJournal(Scenario):
    """strace makes one call fail on the path of a payment."""

    def setUp(self) -> None:
        if trouble := has_strace():
            self.skipTest(f"strace cannot be used here: {trouble}")

    def start_with_a_failing(self, call: str, error: str, nth: int, target: Switch) -> Process:
        """The segments that are being prepared have other names: of them, nothing fails.

        Sockets use io_uring too, and do without it from its first failure on: the journal meets a
        later one."""
        rings = call == "io_uring_enter"
        only = [] if rings else ["-P", target.data / "journal-0000000001"]
        when = f"{nth}+" if rings else nth
        target.adopt(Process(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", *only,
             "-e", f"inject={call}:error={error}:when={when}",
             "setpriv", "--pdeathsig", "KILL", PAYSWITCH, "serve", "--config", target.config],
            target.directory / "switch.log"))
        return target.process

    def expect_a_clean_end(self, call: str, error: str, io_uring: str, word: str) -> None:
        self.two_processors()
        target = self.switch(start=False, options={
            "io_uring": io_uring, "journal": {"segment_size": 4 << 20}})
        target.start()  # the first segment is there before a call fails
        target.kill9()
        process = self.start_with_a_failing(call, error, 8, target)
        payments = new_payments(3_000)
        statuses = Load(target, payments, 4).statuses()
        self.assertEqual(process.wait_exit(10), EXIT_JOURNAL_FAILED)
        lines = [line for line in process.said().splitlines() if "the journal" in line]
        self.assertIn("nothing more is acknowledged", lines[-1])
        self.assertIn(word, lines[-1])
        accepted = {each: payments[each] for each, status in statuses.items() if status == 202}
        self.assertIn(None, statuses.values())
        target.start()
        target.settle_all(30)
        self.assert_books_equal(target, accepted, maybe=payments)

    def test_a_write_that_fails_ends_it_at_once_and_nothing_acknowledged_is_lost(self) -> None:
        self.expect_a_clean_end("pwrite64", "EIO", "off", "cannot write 'journal-0000000001'")

    def test_a_write_without_room_ends_it_too(self) -> None:
        self.expect_a_clean_end("pwrite64", "ENOSPC", "off", "No space left")

    def test_a_sync_that_fails_ends_it_at_once_and_is_not_tried_again(self) -> None:
        self.expect_a_clean_end("fdatasync", "EIO", "off", "cannot sync 'journal-0000000001'")

    def test_a_write_that_io_uring_refuses_ends_it_too(self) -> None:
        self.expect_a_clean_end("io_uring_enter", "EIO", "auto", "cannot write")


class Mounting:
    def mount(self, name: str, *what: object) -> Path:
        """Gone with the test, and the switches on it before it."""
        place = self.directory / name
        place.mkdir()
        mounted = subprocess.run(["mount", *map(str, what), place], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no file system can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount, place)
        return place

    def unmount(self, place: Path) -> None:
        for each in self.switches:
            each.end()
        subprocess.run(["umount", place], check=True)

    def switch_on(self, place: Path, segment_size: int, **options) -> Switch:
        """With all the segments of its reserve, which it makes when the first payment comes."""
        target = self.switch(start=False, options={
            "data": str(place / "data"), "journal": {"segment_size": segment_size}, **options})
        target.data = place / "data"
        target.start()
        self.very_first = new_payments(1)
        self.pay_all(target, self.very_first)
        wait_until(lambda: target.metrics()["payswitch_journal_prepared_segments"] >= 3, 10,
                   "the reserve is there")
        return target


def fill(ballast: Path) -> None:
    """The file system on which it lies."""
    with ballast.open("ab", buffering=0) as stream:
        for size in (64 << 10, 1 << 10):
            try:
                while True:
                    stream.write(b"b" * size)
            except OSError:
                pass


class RoomTakenAway(Mounting, Scenario):
    """io_uring takes a write, and the file system says only later that it has failed."""

    def test_a_write_that_fails_under_way_ends_it_and_nothing_acknowledged_is_lost(self) -> None:
        self.two_processors()
        image = self.directory / "image"
        with image.open("wb") as stream:
            stream.truncate(16 << 20)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", image], check=True)
        mount = self.mount("small", "-o", "loop", image)
        target = self.switch_on(mount, 1 << 20)
        first = new_payments(100)
        self.pay_all(target, first)
        target.settle_all(10)
        begin = 256 << 10
        subprocess.run(["fallocate", "--punch-hole", "--offset", str(begin), "--length",
                        str((1 << 20) - begin), target.data / "journal-0000000001"], check=True)
        fill(mount / "ballast")
        payments = new_payments(3_000)
        statuses = Load(target, payments, 4).statuses()
        self.assertEqual(target.process.wait_exit(10), EXIT_JOURNAL_FAILED)
        self.assertRegex(target.process.said(), "cannot be written any more: cannot write "
                         "'journal-0000000001': No space left.*; nothing more is acknowledged")
        accepted = {each: payments[each] for each, status in statuses.items() if status == 202}
        self.assertGreater(len(accepted), 0)
        (mount / "ballast").unlink()
        target.start()
        target.settle_all(30)
        self.assert_books_equal(target, {**self.very_first, **first, **accepted}, maybe=payments)


class FullDisk(Mounting, Scenario):
    """A small file system of its own, filled by somebody else."""

    SEGMENT = 256 << 10
    SIZE = 8 << 20

    def setUp(self) -> None:
        self.small = self.mount("small", "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs")

    def small_switch(self) -> Switch:
        return self.switch_on(self.small, self.SEGMENT, breaker={"rest": "100ms"})

    def fill(self) -> None:
        fill(self.small / "ballast")

    def pay_until_refused(self, target: Switch,
                          at_once: int = 200) -> tuple[dict[str, int], dict[str, int]]:
        """Who was accepted, and who was not."""
        accepted: dict[str, int] = {}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            some = new_payments(at_once)
            statuses = target.pay_many(some, 4)
            self.assertLessEqual(set(statuses.values()), {202, 503})
            accepted |= {each: some[each] for each, status in statuses.items() if status == 202}
            refused = {each: some[each] for each, status in statuses.items() if status == 503}
            if refused:
                return accepted, refused
        raise AssertionError("a full disk took payments for 30 s")

    def test_new_payments_wait_outside_and_what_was_accepted_is_settled(self) -> None:
        for each in self.two_processors():
            each.delay(300)
        target = self.small_switch()
        self.fill()
        accepted, refused = self.pay_until_refused(target)
        self.assertIn("No space left", target.process.said())
        one, other = list(accepted.items())[0], list(refused.items())[0]
        self.assertEqual(target.pay(*other).fields["retry-after"], "1")
        # The id is looked up before any limit is (PROTOCOL 5.1).
        self.assertEqual(target.pay(*one).fields["idempotent-replayed"], "true")
        target.settle_all(30)
        self.assertEqual(target.get(f"/payments/{other[0]}").status, 404)
        accepted |= self.very_first
        self.assert_books_equal(target, accepted)

        (self.small / "ballast").unlink()
        wait_until(lambda: target.pay(*other).status == 202, 10, "there is room again")
        accepted |= [other]
        target.settle_all(10)
        self.assert_books_equal(target, accepted)

    def test_an_outage_on_a_full_disk_uses_up_no_more_than_the_reserve(self) -> None:
        """Every attempt is written down; what is open is told again, and old segments go."""
        processors = self.two_processors()
        for each in processors:
            each.faults(post="status", status=500)
        self.SEGMENT = 64 << 10
        target = self.small_switch()
        first = new_payments(50)
        self.pay_all(target, first)
        self.fill()
        accepted, _ = self.pay_until_refused(target, 20)

        def newest_segment() -> int:
            return max(int(each.name[-10:]) for each in target.data.glob("journal-??????????"))
        until = newest_segment() + 4  # of two that are reserve
        wait_until(lambda: newest_segment() > until, 60, "segments go, and come again")
        self.assertLess(len(list(target.data.glob("journal-*"))), 8)
        for each in processors:
            each.faults()
        target.settle_all(30)
        self.assert_books_equal(target, {**self.very_first, **first, **accepted})
        (self.small / "ballast").unlink()

    def test_a_crash_on_a_full_disk_loses_nothing_and_a_start_says_what_it_lacks(self) -> None:
        self.two_processors()
        target = self.small_switch()
        self.fill()
        accepted, _ = self.pay_until_refused(target)
        target.kill9()
        for unfinished in target.data.glob("*.tmp"):  # a start would remove it, and have room
            unfinished.unlink()
        self.fill()
        start = run(["serve", "--config", target.config])
        self.assertEqual(start.returncode, EXIT_CANNOT_START, start)
        self.assertRegex(start.stderr, r"journal-\d+.*No space left")
        (self.small / "ballast").unlink()
        target.start()
        target.settle_all(20)
        self.assert_books_equal(target, {**self.very_first, **accepted})


def sealed_files(target: Switch) -> list:
    return sorted(each for each in target.data.glob("sealed-*") if each.suffix != ".tmp")


class Damage(Scenario):
    def paid(self, segment_size: int) -> tuple[Switch, dict[str, int]]:
        """Small segments are sealed by the time that they are paid, all but the last ones."""
        self.two_processors()
        target = self.switch(options={"journal": {"segment_size": segment_size}})
        payments = new_payments(1_500)
        self.pay_all(target, payments)
        target.settle_all(20)
        if segment_size <= 64 << 10:
            wait_until(lambda: not (target.data / "journal-0000000001").exists(), 20,
                       "a segment is sealed, and gone")
        target.kill9()
        return target, payments

    def refusal(self, target: Switch) -> str:
        start = run(["serve", "--config", target.config])
        lines = start.stderr.splitlines()
        self.assertEqual(start.returncode, EXIT_CANNOT_START, start)
        self.assertEqual(len(lines), 1, start)
        return lines[0]

    def test_a_start_names_file_and_offset_changes_nothing_and_the_repair_is_enough(self) -> None:
        target, payments = self.paid(4 << 20)
        journal = sorted(target.data.glob("journal-*"))[0]
        whole = journal.read_bytes()
        broken = bytearray(whole)
        broken[4096 + 48 + 20] ^= 1  # the first record of the first group
        journal.write_bytes(broken)
        line = self.refusal(target)
        self.assertIn(f"{journal.name} is damaged at offset 4096", line)
        self.assertEqual(journal.read_bytes(), broken)
        self.assertEqual(self.refusal(target), line)
        journal.write_bytes(whole)
        target.start()
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_a_missing_segment_is_named(self) -> None:
        target, payments = self.paid(64 << 10)
        # One that is sealed, and was about to be removed, is not missed.
        sealed = max(each.name.rpartition("-")[2] for each in sealed_files(target))
        first = min(each for each in target.data.glob("journal-*")
                    if each.suffix != ".tmp" and each.name > f"journal-{sealed}")
        kept = first.read_bytes()
        first.unlink()
        self.assertIn(f"{first.name} is missing", self.refusal(target))
        first.write_bytes(kept)
        target.start()
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_a_missing_sealed_file_is_named(self) -> None:
        target, payments = self.paid(64 << 10)
        first = sealed_files(target)[0]
        kept = first.read_bytes()
        first.unlink()
        self.assertIn("is missing", self.refusal(target))
        first.write_bytes(kept)
        target.start()
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_what_is_read_of_a_sealed_file_at_start_is_checked_then(self) -> None:
        target, _ = self.paid(64 << 10)
        sealed = sealed_files(target)[0]
        whole = sealed.read_bytes()
        for offset in (len(whole) - 4096 + 60, len(whole) - 4096 - 1):  # the footer, the tables
            broken = bytearray(whole)
            broken[offset] ^= 1
            sealed.write_bytes(broken)
            self.assertRegex(self.refusal(target), rf"{sealed.name} is damaged at offset \d+")
        sealed.write_bytes(whole)
        target.start()

    def test_a_damaged_page_ends_the_switch_when_it_is_needed_and_says_which(self) -> None:
        target, payments = self.paid(64 << 10)
        sealed = sealed_files(target)[0]
        whole = sealed.read_bytes()
        sealed.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with self.assertRaises((AssertionError, Closed, OSError)):
            target.start()  # it may need that page already
            for each in payments:
                target.payment(each)
        self.assertIn(target.process.wait_exit(10), (EXIT_CANNOT_START, EXIT_JOURNAL_FAILED))
        self.assertRegex(target.process.said(),
                         rf"(payswitch|cannot be read): {sealed.name} is damaged at offset 0")
        sealed.write_bytes(whole)
        target.start()
        target.settle_all(20)
        self.assert_books_equal(target, payments)
