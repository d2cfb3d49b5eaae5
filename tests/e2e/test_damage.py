"""What the end of a life leaves, what damage to it is, and the way out of a start that is refused
(PROTOCOL 4.2 and 4.6)."""

from pathlib import Path

import journal_file
from harness import Scenario, new_payments
from process import run
from switch import Switch

EXIT_CANNOT_START = 2
MIB = 1 << 20


class Damaged(Scenario):
    stores = ("embedded",)

    def refusal(self, target: Switch) -> str:
        start = run(["serve", "--config", target.config])
        lines = start.stderr.splitlines()
        self.assertEqual(start.returncode, EXIT_CANNOT_START, start)
        self.assertEqual(len(lines), 1, start)
        return lines[0]

    def pay_one_by_one(self, target: Switch, count: int) -> dict[str, int]:
        payments = new_payments(count)
        for each in payments.items():
            self.assertEqual(target.pay(*each).status, 202)
        return payments

    def first_segment(self, target: Switch) -> Path:
        return target.data / "journal-0000000001"


class LastGroup(Damaged):
    def test_a_flipped_bit_after_a_clean_stop_stops_the_start_and_denies_nothing(self) -> None:
        self.two_processors()
        target = self.switch()
        payments = self.pay_one_by_one(target, 20)
        target.settle_all(20)
        self.assertEqual(target.drain(), 0)
        journal = self.first_segment(target)
        groups = journal_file.groups(journal)
        self.assertEqual((groups[-1].records, groups[-1].first_type),
                         (1, journal_file.CLEAN_STOP))
        journal_file.flip(journal, groups[-2].offset + 60)
        line = self.refusal(target)
        self.assertIn(f"{journal.name} is damaged at offset {groups[-2].offset}", line)
        self.assertIn("--cut-at-damage", line)
        journal_file.flip(journal, groups[-2].offset + 60)
        target.start()
        self.assert_books_equal(target, payments)

    def test_after_a_kill_the_line_does_not_say_that_it_was_never_acknowledged(self) -> None:
        target = self.switch([])
        payments = self.pay_one_by_one(target, 20)
        target.kill9()
        journal = self.first_segment(target)
        journal_file.flip(journal, journal_file.groups(journal)[-1].offset + 60)
        target.start()
        self.assertEqual(target.count("accepted"), len(payments) - 1)
        self.assertIn("if its sync had completed before that", target.process.said())
        self.assertNotIn("never acknowledged", target.process.said())

    def test_an_idle_switch_ends_cleanly_however_often_it_is_started(self) -> None:
        self.two_processors()
        target = self.switch()
        payments = self.pay_one_by_one(target, 5)
        target.settle_all(20)
        for _ in range(5):
            self.assertEqual(target.drain(), 0)
            target.start()
            self.assertIn("up to the end mark of a clean stop", target.process.said())
        self.assert_books_equal(target, payments)


class LostOrder(Damaged):
    """durability os: after a power cut later groups can be on the disk before earlier ones."""

    def test_the_first_gap_is_the_end_loudly_and_never_a_refusal(self) -> None:
        target = self.switch([], options={"durability": "os"})
        self.pay_one_by_one(target, 20)
        target.kill9()
        journal = self.first_segment(target)
        lost = journal_file.groups(journal)[-6]
        journal_file.zero(journal, lost)
        target.start()
        self.assertEqual(target.count("accepted"), 14)
        self.assertIn("5 intact groups (5 records) behind the gap", target.process.said())
        self.assertEqual(target.metrics()["payswitch_journal_dropped_groups"], 5)
        target.restart()
        self.assertEqual(target.count("accepted"), 14)
        self.assertEqual(target.metrics()["payswitch_journal_dropped_groups"], 0)

    def test_with_fsync_the_same_gap_is_damage(self) -> None:
        target = self.switch([])
        self.pay_one_by_one(target, 20)
        target.kill9()
        journal = self.first_segment(target)
        lost = journal_file.groups(journal)[-6]
        journal_file.zero(journal, lost)
        self.assertIn(f"is damaged at offset {lost.offset}", self.refusal(target))

    def test_what_fsync_had_kept_is_damage_also_when_it_goes_on_with_os(self) -> None:
        target = self.switch([])
        self.pay_one_by_one(target, 10)
        target.kill9()
        target.start("--durability", "os")
        self.pay_one_by_one(target, 10)
        target.kill9()
        journal = self.first_segment(target)
        lost = journal_file.groups(journal)[3]
        journal_file.zero(journal, lost)
        self.assertIn(f"is damaged at offset {lost.offset}", self.refusal(target))


class WayOut(Damaged):
    def test_the_log_is_cut_the_rest_is_kept_aside_and_the_next_start_needs_no_flag(self) -> None:
        self.two_processors()
        target = self.switch()
        payments = self.pay_one_by_one(target, 20)
        target.settle_all(20)
        target.kill9()
        journal = self.first_segment(target)
        bad = journal_file.groups(journal)[8]
        journal_file.flip(journal, bad.offset + 60)
        damaged = journal.read_bytes()
        self.assertIn("--cut-at-damage", self.refusal(target))
        self.assertEqual(journal.read_bytes(), damaged)
        target.start("--cut-at-damage")
        said = target.process.said()
        self.assertIn(f"the log was cut in {journal.name} at offset {bad.offset}", said)
        self.assertEqual((target.data / f"cut-1-{journal.name}").read_bytes(), damaged)
        left = target.count("settled") + target.count("accepted", "attempting", "unknown")
        self.assertGreater(left, 0)
        self.assertLess(left, len(payments))
        target.restart()
        # It is a restored store now: what was forgotten is asked for before it is sent.
        for each in payments.items():
            self.assertEqual(target.pay(*each).status, 202)
        target.settle_all(20)
        self.assert_books_equal(target, payments)

    def test_a_missing_segment_has_a_way_out_too(self) -> None:
        target = self.switch([], options={"journal": {"segment_size": 64 << 10}})
        self.pay_one_by_one(target, 60)
        target.kill9()
        segments = sorted(target.data.glob("journal-*"))
        self.assertGreater(len(segments), 3)
        segments[1].unlink()
        self.assertIn(f"{segments[1].name} is missing", self.refusal(target))
        target.start("--cut-at-damage")
        self.assertTrue((target.data / f"cut-1-{segments[2].name}").exists())
        target.restart()
        self.assertGreater(target.count("accepted"), 0)


class EmptyDirectory(Damaged):
    """What a start costs when there is nothing to read; bytes, not time."""

    def bytes_moved(self, target: Switch) -> tuple[int, int]:
        text = Path(f"/proc/{target.process.pid}/io").read_text()
        counts = dict(line.split(": ") for line in text.splitlines())
        return int(counts["rchar"]), int(counts["wchar"])

    def on_disk(self, target: Switch) -> list[int]:
        return [each.stat().st_size for each in sorted(target.data.glob("journal-*"))]

    def test_it_takes_two_small_segments_and_no_start_reads_more_than_those(self) -> None:
        target = self.switch([])
        for _ in range(6):
            read, written = self.bytes_moved(target)
            self.assertLess(read, 8 * MIB)
            self.assertLess(written, 8 * MIB)
            self.assertEqual(target.drain(), 0)
            self.assertLessEqual(len(self.on_disk(target)), 2)
            self.assertLessEqual(sum(self.on_disk(target)), 3 * MIB)
            target.start()

    def test_segments_grow_with_use_up_to_the_configured_size(self) -> None:
        self.two_processors()
        target = self.switch(options={"journal": {"segment_size": 4 * MIB}})
        first = self.on_disk(target)[0]
        payments = new_payments(6_000)
        self.pay_all(target, payments)
        target.settle_all(30)
        sizes = self.on_disk(target)
        self.assertGreater(sizes[-1], first)
        self.assertLessEqual(sizes[-1], 4 * MIB)
        target.restart()
        self.assert_books_equal(target, payments)
