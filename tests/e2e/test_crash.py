"""Short crash campaigns; script/crash runs long ones."""

import mmap
import os
import random

from campaign import Campaign, has_strace
from harness import Scenario
from power import Machine, PowerCampaign, has_power_switch


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


class ThreePowerCuts(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        if trouble := has_power_switch(self.directory / "trial"):
            self.skipTest(f"no power cut can be had here: {trouble}")

    def test_nothing_that_was_promised_is_lost_with_the_power(self) -> None:
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            campaign = PowerCampaign(self, seed)
            campaign.run(3)
        self.assertGreaterEqual(campaign.cuts, 3)


class TheForgetfulDisk(Scenario):
    stores = ("embedded",)

    def test_it_forgets_what_was_not_flushed_and_nothing_else(self) -> None:
        if trouble := has_power_switch(self.directory / "trial"):
            self.skipTest(f"no power cut can be had here: {trouble}")
        machine = Machine(self.directory / "machine", 1)
        self.addCleanup(machine.end)
        file = machine.mounted / "file"
        file.write_bytes(b"a" * (1 << 20))
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
        with open(os.open(file, os.O_WRONLY | os.O_DIRECT), "wb", buffering=0) as direct:
            block = mmap.mmap(-1, 1 << 20)
            block.write(b"b" * len(block))
            direct.write(block)
        at_stake, lost = machine.cut()
        self.assertGreaterEqual(at_stake, 2048)
        self.assertGreater(lost, 500)
        machine.come_back()
        left = file.read_bytes()
        sectors = {left[begin:begin + 512] for begin in range(0, len(left), 512)}
        self.assertEqual(sectors, {b"a" * 512, b"b" * 512})
