"""Processors and Redis that are known by name, and a name server that never answers. Needs root:
the switch gets an /etc/hosts and an /etc/resolv.conf of its own."""

import os
import shutil
import socket
import subprocess
import time

from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process
from switch import Switch

SILENT = "127.77.53.1"
HEALTHY = "healthy.bank.test"
HANGING = "hanging.bank.test"
REDIS = "redis.bank.test"


def may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"],
        capture_output=True).returncode == 0


class SilentNameServer(Scenario):
    def setUp(self) -> None:
        if not may_mount():
            self.skipTest("only root may give a process another /etc/resolv.conf")
        self.questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.questions.close)
        self.questions.bind((SILENT, 53))
        self.hosts = self.directory / "hosts"
        self.hosts.write_text(f"127.0.0.1 localhost {HEALTHY} {REDIS}\n")
        self.resolv = self.directory / "resolv.conf"
        self.resolv.write_text(f"nameserver {SILENT}\n")

    def serve(self, target: Switch, **variables: str) -> None:
        """With names of our own, and nobody who answers for others."""
        script = (f"mount --bind {self.hosts} /etc/hosts && "
                  f"mount --bind {self.resolv} /etc/resolv.conf && exec \"$@\"")
        target.adopt(Process(["unshare", "--mount", "sh", "-c", script, "sh", PAYSWITCH, "serve",
                              "--config", target.config], target.directory / "switch.log",
                             variables))

    def named_switch(self, store: str = "embedded") -> Switch:
        """Its cheap processor's name hangs, the dear one's is in /etc/hosts."""
        hanging, healthy = self.two_processors()
        hanging.url = hanging.url.replace("127.0.0.1", HANGING)
        healthy.url = healthy.url.replace("127.0.0.1", HEALTHY)
        if store == "embedded":
            target = self.switch(start=False)
            self.serve(target)
        else:
            redis = self.redis()
            target = self.switch(start=False, redis=redis)
            self.serve(target, REDIS_URL=redis.url.replace("127.0.0.1", REDIS))
        return target

    def timed(self, what: str, begun: float, most: float) -> None:
        took = time.monotonic() - begun
        print(f"{what}: {took:.2f} s")
        self.assertLess(took, most, what)


class OneNameHangs(SilentNameServer):
    stores = ("embedded",)

    def test_the_other_processor_settles_at_once(self) -> None:
        target = self.named_switch()
        begun = time.monotonic()
        payments = new_payments(50)
        self.pay_all(target, payments)
        target.settle_all(30)
        self.timed("settled at the healthy one", begun, 5)
        self.assertEqual(self.processors[1].counters()["posts"], 50)

    def test_its_breaker_opens(self) -> None:
        target = self.named_switch()
        self.pay_all(target, new_payments(200))
        wait_until(lambda: target.breaker("default") == "open", 30, "it is no connection")
        self.assertEqual(target.breaker("fallback"), "closed")

    def test_a_stop_does_not_wait_for_it(self) -> None:
        target = self.named_switch()
        self.pay_all(target, new_payments(10))
        begun = time.monotonic()
        self.assertEqual(target.drain(), 0)
        self.timed("stopped", begun, 6)

    def test_the_first_look_up_succeeds_later(self) -> None:
        target = self.named_switch()
        self.pay_all(target, new_payments(10))
        with self.hosts.open("a") as names:
            names.write(f"127.0.0.1 {HANGING}\n")
        wait_until(lambda: any(len(each) > 0 for each in [self.processors[0].books()])
                   or self.pay_one(target), 40, "the name is found when it is known")

    def pay_one(self, target: Switch) -> bool:
        self.pay_all(target, new_payments(1))
        return False


class RedisByName(SilentNameServer):
    store = "redis"

    def test_redis_is_back_while_a_processors_name_hangs(self) -> None:
        target = self.named_switch("redis")
        self.pay_all(target, new_payments(20))
        target.redis.kill9()
        wait_until(lambda: target.get("/readyz").status == 503, 10, "redis is away")
        target.redis.start()
        begun = time.monotonic()
        wait_until(lambda: target.get("/readyz").status == 200, 30, "redis is back")
        self.timed("redis is back", begun, 7)
        begun = time.monotonic()
        self.assertEqual(target.drain(), 0)
        self.timed("stopped", begun, 6)
