"""script/cluster: it starts the group, ends what it started and nothing else, and a member that
dies costs no payment."""

import os
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from typing import Callable, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Scenario, new_payments, wait_until  # noqa: E402
from process import BUILD, LAB, environment, run  # noqa: E402

HAS_STORE = "later version" not in run(["check", "/dev/null"],
                                       {"REDIS_URL": "redis://127.0.0.1:1"}).stderr


def runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class ClusterScenario(Scenario):
    def setUp(self) -> None:
        self.state = self.directory / "cluster"
        self.addCleanup(self.cluster, "down")

    def cluster(self, *words: str, build: Path = BUILD,
                **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [ROOT / "script/cluster", *words, "--state", self.state], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120,
            env=environment({"PAYSWITCH_BUILD": str(build), **variables}))

    def up(self, **variables: str) -> subprocess.CompletedProcess:
        return self.cluster("up", "--port", "0", "--switch-ports", "0,0", **variables)

    def do(self, *words: str) -> None:
        done = self.cluster(*words)
        self.assertEqual(done.returncode, 0, done.stderr)

    def pids(self) -> dict[str, int]:
        return {each.stem: int(each.read_text().split()[0]) for each in self.state.glob("*.pid")}


class ClusterScript(ClusterScenario):
    def test_words_that_it_does_not_know_are_refused(self) -> None:
        for words in ([], ["sideways"], ["up", "--port"], ["up", "--speed", "high"], ["kill"]):
            done = subprocess.run([ROOT / "script/cluster", *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("usage: script/cluster", done.stderr)

    def test_a_member_that_there_is_not_cannot_be_killed(self) -> None:
        done = self.cluster("kill", "switch-9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no member 'switch-9'", done.stderr)

    def test_when_a_member_does_not_start_nothing_stays_behind(self) -> None:
        build = self.directory / "build"
        build.mkdir()
        (build / "payswitch-lab").symlink_to(LAB)
        (build / "payswitch").write_text(
            f"#!/bin/sh\ncat {self.state}/*.pid >{self.directory}/pids\necho no luck\nexit 2\n")
        (build / "payswitch").chmod(0o755)
        done = self.cluster("up", "--port", "0", "--switch-ports", "0,0", build=build)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no luck", done.stderr)
        self.assertIn("switch-1 ended at its start", done.stderr)
        pids = [int(each.split()[0]) for each in (self.directory / "pids").read_text().splitlines()]
        self.assertGreaterEqual(len(pids), 3, "Redis and two processors")
        self.assertEqual([each for each in pids if runs(each)], [])

    def test_a_process_that_only_has_the_number_of_a_member_is_left_alone(self) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        self.state.mkdir()
        (self.state / "redis.command").write_text("exec true")
        (self.state / "redis.pid").write_text(f"{stranger.pid} 1\n")
        (self.state / "redis.url").write_text("redis://127.0.0.1:1/0\n")
        self.do("kill", "redis")
        self.do("down")
        self.assertIsNone(stranger.poll())


@unittest.skipUnless(HAS_STORE, "the switch has no store on Redis yet")
class Cluster(ClusterScenario):
    def start_group(self, **variables: str):
        """The group as one switch, for the harness: nginx's port."""
        default, fallback = self.two_processors()
        done = self.up(PROCESSOR_DEFAULT_URL=default.url, PROCESSOR_FALLBACK_URL=fallback.url,
                       **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.at("nginx")

    def at(self, member: str):
        """For the harness: a switch at the member's port."""
        switch = self.switch(start=False)
        switch.port = int((self.state / f"{member}.url").read_text().rpartition(":")[2])
        return switch

    def assert_settled(self, group, payments: dict[str, int]) -> None:
        """By asking one switch: nginx does not let one address ask for all of them at once."""
        one = self.at("switch-1")

        def settled() -> bool:
            views = one.payments(payments)
            return len(views) == len(payments) and \
                {view["state"] for view in views.values()} == {"settled"}
        wait_until(settled, 60, "every payment is settled")
        self.assert_books_equal(one, payments)
        some = list(payments)[:100]
        wait_until(lambda: group.payments(some) == one.payments(some), 10, "nginx says the same")
        self.assertEqual(group.summary(), one.summary())

    def test_it_goes_up_takes_payments_and_goes_down(self) -> None:
        group = self.start_group()
        pids = self.pids()
        self.assertEqual(sorted(pids), ["nginx", "redis", "switch-1", "switch-2"])
        self.assertEqual(self.up().returncode, 1, "twice")
        payments = new_payments(300)
        self.pay_all(group, payments)
        self.assert_settled(group, payments)
        self.do("down")
        self.assertEqual([name for name, pid in pids.items() if runs(pid)], [])
        self.assertFalse(group.listens())

    def test_a_switch_that_dies_costs_no_payment(self) -> None:
        self.kill_under_load("switch-1")

    def test_a_switch_that_is_stopped_costs_no_payment(self) -> None:
        self.kill_under_load("switch-1", how=lambda: self.stop("switch-1"))

    def test_a_redis_that_dies_costs_no_payment_that_was_accepted(self) -> None:
        self.kill_under_load("redis", may_refuse=True)

    def stop(self, member: str) -> None:
        """As an operator does it: it drains."""
        pid = self.pids()[member]
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not runs(pid), 20, f"{member} has stopped")

    def kill_under_load(self, member: str, may_refuse: bool = False,
                        how: Optional[Callable[[], None]] = None) -> None:
        group = self.start_group()
        payments: dict[str, int] = {}
        statuses: dict[str, Optional[int]] = {}
        is_back = threading.Event()

        def pay() -> None:
            while not is_back.is_set():
                some = new_payments(200)
                payments.update(some)
                statuses.update(group.pay_many(some))

        load = threading.Thread(target=pay)
        load.start()
        try:
            wait_until(lambda: len(statuses) > 200, 30, "payments are under way")
            if how:
                how()
            else:
                self.do("kill", member)
            self.do("start", member)
        finally:
            is_back.set()
            load.join()
        self.assertEqual(set(statuses), set(payments))
        if not may_refuse:
            self.assertEqual(set(statuses.values()), {202})
        # Whoever got no 202 asks again, as a client would.
        def all_are_taken() -> bool:
            rest = {each: payments[each] for each, status in statuses.items() if status != 202}
            statuses.update(group.pay_many(rest))
            return all(statuses[each] == 202 for each in rest)
        wait_until(all_are_taken, 30, "every payment is taken")
        self.assert_settled(group, payments)


if __name__ == "__main__":
    unittest.main()
