"""A short crash campaign; script/crash runs long ones."""

import random

from campaign import Campaign, has_strace
from harness import Scenario


class TwentyCycles(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        if trouble := has_strace():
            self.skipTest(f"strace cannot be used here: {trouble}")

    def test_nothing_is_lost_and_nothing_charged_twice(self) -> None:
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            figures = Campaign(self, seed).run(20)
        self.assertEqual(figures.cycles, 20)
        self.assertGreater(figures.accepted, 100)
