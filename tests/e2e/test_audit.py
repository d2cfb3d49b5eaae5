"""`payswitch audit` against the real switch and its processors: it finds what was altered, all of
it and nothing else, and says nothing where nothing was."""

import json
import os
import subprocess
import uuid
import time
from pathlib import Path

from harness import Scenario, iso, new_payments, wait_until
from process import LAB, Process, run
from switch import Load
from times import now_ms
from wire import read_json

CLOSED_MS = 1_500
HEADER_BYTES = 4096
BLOCK_BYTES = 512


class Audited:
    def audit(self, *flags, code: int = 0) -> dict:
        done = self.audit_text(*flags, "--json", code=code)
        return read_json(done.stdout)

    def audit_text(self, *flags, code: int = 0) -> subprocess.CompletedProcess:
        done = run(["audit", *flags], seconds=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def live(self, target, *flags, code: int = 0) -> dict:
        return self.audit("--url", f"http://127.0.0.1:{target.port}", *flags, code=code)

    def wait_until_closed(self) -> None:
        """What is in the books now lies in a closed window."""
        last = max(entry.requested_ms for processor in self.processors
                   for entry in processor.books().values())
        wait_until(lambda: now_ms() > last + CLOSED_MS, 10, "the window is closed")

    def findings(self, report: dict) -> list[tuple]:
        return sorted((each["kind"], each["processor"], each["correlationId"] or "")
                      for each in report["findings"])


class AuditOfAContest(Audited, Scenario):
    def test_the_three_that_were_altered_are_found_and_nothing_else_at_any_time(self) -> None:
        cheap, dear = self.two_processors()
        target = self.switch()
        contest = Process([LAB, "contest", "--url", f"http://127.0.0.1:{target.port}", "--default",
                           cheap.url, "--fallback", dear.url, "--scale", 0.1],
                          self.directory / "contest.log")
        self.addCleanup(contest.end)
        contest.wait_for(lambda: target.summary()["default"].count > 0, "the run has begun")
        audits = 0
        while contest.exit_code() is None:
            self.assertEqual(self.live(target)["findings"], [])
            audits += 1
        self.assertGreater(audits, 2)
        self.assertEqual(contest.exit_code(), 0, contest.said())
        target.settle_all(20)
        self.wait_until_closed()
        sound = self.live(target)
        self.assertEqual(sound["findings"], [])
        entries = {processor.name: processor.books() for processor in self.processors}
        self.assertEqual({each["processor"]: each["ours"]["payments"]
                          for each in sound["processors"]},
                         {name: len(books) for name, books in entries.items()})
        self.alter(target, entries["default"])

    def alter(self, target, books: dict) -> None:
        cheap = self.processors[0]
        changed, removed, *_ = sorted(books)
        added = str(uuid.uuid4())
        at = books[changed].requested_ms + 1
        cheap.book(changed, books[changed].cents + 100, books[changed].requested_ms)
        cheap.forget(removed)
        cheap.book(added, 777, at)
        report = self.live(target, code=1)
        self.assertEqual(self.findings(report),
                         [("amount", "default", changed), ("missing", "default", removed),
                          ("unknown_charge", "default", "")])
        charge = next(each for each in report["findings"] if each["kind"] == "unknown_charge")
        self.assertEqual((charge["from"], str(charge["theirs"]["amount"])), (iso(at), "7.77"))
        text = self.audit_text("--url", f"http://127.0.0.1:{target.port}", code=1).stdout
        self.assertIn("3 findings\n", text)
        self.assertIn(f"default: {removed} of ", text)
        self.assertIn(f"default: a charge of 7.77 at {iso(at)} that we do not have", text)


class AuditLive(Audited, Scenario):
    def paid(self, count: int) -> tuple:
        cheap, dear = self.two_processors()
        target = self.switch()
        self.pay_all(target, new_payments(count))
        target.settle_all(10)
        self.wait_until_closed()
        self.assertEqual(self.live(target)["findings"], [])
        return target, cheap, dear

    def test_a_payment_that_was_moved_in_time_is_named_once(self) -> None:
        target, cheap, _ = self.paid(20)
        books = cheap.books()
        moved, *_ = sorted(books)
        cheap.book(moved, books[moved].cents, books[moved].requested_ms - 60_000)
        report = self.live(target, code=1)
        self.assertEqual(self.findings(report), [("requested_at", "default", moved)])
        self.assertIn(iso(books[moved].requested_ms - 60_000), report["findings"][0]["what"])

    def test_a_payment_that_is_charged_at_both_is_named(self) -> None:
        target, cheap, dear = self.paid(20)
        books = cheap.books()
        twice, *_ = sorted(books)
        dear.book(twice, books[twice].cents, books[twice].requested_ms)
        report = self.live(target, code=1)
        self.assertEqual(self.findings(report), [("charged_twice", "fallback", twice)])

    def test_a_window_is_audited_alone(self) -> None:
        target, cheap, _ = self.paid(20)
        books = cheap.books()
        first, *_ = sorted(books, key=lambda each: books[each].requested_ms)
        cheap.forget(first)
        at = books[first].requested_ms
        self.assertEqual(self.live(target, "--from", iso(at + 1))["findings"], [])
        self.assertEqual(self.findings(self.live(target, "--from", iso(at), "--to", iso(at),
                                                 code=1)),
                         [("missing", "default", first)])

    def test_what_is_in_flight_is_counted_and_is_no_finding(self) -> None:
        """Booked at once, and the answer comes late: theirs has what ours cannot have yet."""
        cheap, _ = self.two_processors()
        target = self.switch()
        cheap.faults(post="answer_late", late_ms=5000, count=3)
        payments = new_payments(3)
        self.pay_all(target, payments)
        wait_until(lambda: len(cheap.books()) == 3, 5, "they are booked")
        self.wait_until_closed()
        report = self.live(target)
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["payments"]["attempting"], 3)
        self.assertEqual(report["inFlightBooked"], 3)
        target.settle_all(20)
        report = self.live(target)
        self.assertEqual((report["findings"], report["inFlightBooked"]), ([], 0))
        self.assert_books_equal(target, payments)

    def test_who_cannot_be_asked_is_named(self) -> None:
        cheap, dear = self.two_processors()
        target = self.switch()
        url = f"http://127.0.0.1:{target.port}"
        wrong = self.directory / "token"
        wrong.write_text("wrong\n")
        said = self.audit_text("--url", url, "--token-file", wrong, code=2).stderr
        self.assertRegex(said, rf"^payswitch: {cheap.url}/admin/\S+: answered with 401\n$")
        dear.end()
        said = self.audit_text("--url", url, code=2).stderr
        self.assertRegex(said, rf"^payswitch: GET {dear.url}/admin/\S+: no connection\n$")
        target.end()
        said = self.audit_text("--url", url, code=2).stderr
        self.assertEqual(said, f"payswitch: GET {url}/: no connection\n")


class AuditOfAJournal(Audited, Scenario):
    def kept(self, data: Path) -> dict:
        return {each.name: (each.stat().st_size, each.stat().st_mtime_ns, each.stat().st_ino)
                for each in data.iterdir()}

    def test_beside_a_switch_at_work_it_finds_nothing_and_changes_nothing(self) -> None:
        self.two_processors()
        target = self.switch(options={"journal": {"segment_size": 1 << 20}})
        payments = new_payments(20_000)
        load = Load(target, payments)
        audits = 0
        while load.answered < len(payments):
            report = self.audit("--data", target.data)
            self.assertEqual(report["findings"], [])
            audits += 1
        self.assertEqual(set(load.statuses().values()), {202})
        self.assertGreater(audits, 2)
        target.settle_all(60)
        self.assertEqual(target.drain(), 0)
        before = self.kept(target.data)
        report = self.audit("--data", target.data)
        self.assertEqual(report["payments"]["settled"], len(payments))
        self.assertEqual(sum(each["settled"]["amount"] for each in report["processors"]) * 100,
                         sum(payments.values()))
        self.assertGreater(report["segments"], 2)
        self.assertEqual(self.kept(target.data), before)

    def test_sealed_files_are_read_while_they_are_made_and_merged(self) -> None:
        self.two_processors()
        target = self.switch(options={"journal": {"segment_size": 64 << 10}})
        payments = new_payments(20_000)
        load = Load(target, payments)
        sealed = set()
        # Archiving has low priority: on a busy machine it goes on after the last answer.
        deadline = time.monotonic() + 60
        while load.answered < len(payments) or (len(sealed) <= 2 and time.monotonic() < deadline):
            report = self.audit("--data", target.data)
            self.assertEqual(report["findings"], [])
            sealed.add(report["sealedPayments"])
        self.assertGreater(len(sealed), 2)
        target.settle_all(60)
        report = self.audit("--data", target.data)
        self.assertEqual(report["payments"]["settled"], len(payments))
        self.assertEqual(sum(each["settled"]["amount"] for each in report["processors"]) * 100,
                         sum(payments.values()))
        wait_until(lambda: self.audit("--data", target.data)["sealedPayments"] > len(payments) / 2,
                   60, "half of it is sealed")
        damaged = sorted(target.data.glob("sealed-*"))[0]
        target.kill9()
        self.flip(damaged, 100)
        texts = [each["what"] for each in self.audit("--data", target.data, code=1)["findings"]]
        self.assertIn(damaged.name, texts[0])
        self.assertIn("the journal was not read", texts[-1])

    def test_damage_is_told_by_file_and_offset_and_the_rest_is_read(self) -> None:
        self.two_processors()
        target = self.switch()
        payments = new_payments(50)
        for each, cents in payments.items():
            self.assertEqual(target.pay(each, cents).status, 202)
        target.settle_all(10)
        target.kill9()
        journal = target.data / "journal-0000000001"
        sound = self.audit("--data", target.data)
        self.flip(journal, HEADER_BYTES + 4 * BLOCK_BYTES + 60)
        report = self.audit("--data", target.data, code=1)
        place = report["findings"][0]
        self.assertEqual(place["file"], journal.name)
        self.assertLess(abs(place["offset"] - HEADER_BYTES - 4 * BLOCK_BYTES), 4096)
        self.assertLess(report["records"], sound["records"])
        self.assertGreaterEqual(report["records"], sound["records"] - 20)
        refused = run(["serve", "--config", target.config])
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"{place['file']} is damaged at offset {place['offset']}", refused.stderr)

    def test_a_torn_tail_is_no_finding(self) -> None:
        self.two_processors()
        target = self.switch()
        self.pay_all(target, new_payments(50))
        target.settle_all(10)
        target.kill9()
        journal = target.data / "journal-0000000001"
        content = journal.read_bytes()
        last = len(content.rstrip(b"\0")) - 1
        self.flip(journal, last)
        report = self.audit("--data", target.data)
        self.assertEqual(report["tear"]["file"], journal.name)
        self.assertLess(report["tear"]["offset"], last)
        os.truncate(journal, last)
        cut = self.audit("--data", target.data, code=1)
        self.assertEqual(cut["records"], report["records"])
        self.assertIn("its header says", cut["findings"][0]["what"])

    def test_what_is_not_there_cannot_be_audited(self) -> None:
        missing = self.directory / "nothing"
        self.assertIn("cannot open directory", self.audit_text("--data", missing, code=2).stderr)
        self.assertFalse(missing.exists())
        self.assertIn("there is no journal", self.audit_text("--data", self.directory,
                                                             code=2).stderr)

    def flip(self, path: Path, offset: int) -> None:
        with path.open("r+b") as stream:
            stream.seek(offset)
            byte = stream.read(1)[0]
            stream.seek(offset)
            stream.write(bytes([byte ^ 0x10]))
