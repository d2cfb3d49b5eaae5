"""Clients that are slow, silent, rude or gone: memory stays within its limits, and normal clients
are served. `script/rough` does the same with more of them, and times it."""

from harness import Scenario, new_payments
from process import PAYSWITCH
from rough import CROWDS, NormalClients, measure

RATE = 200
SECONDS = 2
FEWEST_VISITS = 10  # of clients that come and go; how many, the machine says
# Connections at once; of a crowd that has none at once, it is the time that counts.
COUNT_MAX = 200
# What a connection of ours may hold: a header and a body, and answers that nobody reads.
CONNECTION_KIB_MAX = 8 + 2 * 16 + 16 + 2 * 64
# The payments and answers of the normal clients, and what the allocator keeps.
REST_KIB = 16 * 1024
# A sanitizer keeps what was freed: then memory says nothing.
IS_SANITIZED = b"__sanitizer" in PAYSWITCH.read_bytes()


class RoughClients(Scenario):
    def test_memory_is_bounded_and_normal_clients_are_served(self) -> None:
        self.two_processors()
        switch = self.switch()
        for name, crowd, count in CROWDS:
            with self.subTest(name):
                count = min(count, COUNT_MAX)
                figures = measure(switch, crowd(switch.port, count),
                                  lambda: NormalClients(switch, RATE, SECONDS))
                if not IS_SANITIZED:
                    self.assertLess(figures.peak_kib - figures.before_kib,
                                    count * CONNECTION_KIB_MAX + REST_KIB)
                self.assertGreaterEqual(figures.connections, count or FEWEST_VISITS)
        switch.settle_all(20)
        payments = new_payments(1)
        self.pay_all(switch, payments)
