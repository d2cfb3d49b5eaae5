"""Power cuts under a real file system: ext4 on a loop device over a disk that forgets.

The disk (forgetful_disk.py) keeps what was not flushed in its cache, and a cut drops any part of
it, sector by sector. A cycle starts the switch, pays, cuts the power at some moment, kills the
switch, mounts what is left and asks. In some the file system is full, so that sealing has to do
with the room of a prepared segment; in some the power goes while the switch starts."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

from campaign import Campaign
from harness import Scenario
from process import PAYSWITCH, Process
from switch import Load

DISK_BYTES = 24 << 20
LONGEST_START_S = 0.08  # until the power goes while the switch starts
LONGEST_LIFE_S = 0.3
PAYMENTS_ON_A_FULL_DISK = (400, 2000)  # several segments, which are sealed in each other's room
FORGETFUL_DISK = Path(__file__).with_name("forgetful_disk.py")


class PowerError(Exception):
    """Not the switch's fault: something of the machine below it."""


def tool(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise PowerError(f"{command[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


class Machine:
    """A disk, a file system on it, and the plug. `mounted` is where it is to be seen."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.mounted = folder / "mounted"
        self._disk = folder / "disk"
        self._loop: Optional[str] = None
        for place in (self.mounted, self._disk):
            place.mkdir(parents=True)
        self._server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, FORGETFUL_DISK, self._disk,
             str(DISK_BYTES), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            bufsize=1)
        if self._server.stdout.readline() != "ready\n":
            trouble = self._server.stderr.read().strip().splitlines()
            raise PowerError(trouble[-1] if trouble else "FUSE cannot be used")
        try:
            self._attach()
            tool("mkfs.ext4", "-q", "-J", "size=4", "-E", "nodiscard,lazy_itable_init=0",
                 self._loop)
            tool("mount", self._loop, self.mounted)
        except (PowerError, OSError):
            self.end()
            raise

    def _attach(self) -> None:
        self._loop = tool("losetup", "--find", "--show", self._disk / "disk")
        cache = Path("/sys/block", Path(self._loop).name, "queue/write_cache").read_text().strip()
        if cache != "write back":
            raise PowerError(f"the loop device would never flush (its cache is '{cache}')")

    def _say(self, command: str) -> str:
        self._server.stdin.write(command + "\n")
        return self._server.stdout.readline().strip()

    def cut(self) -> tuple[int, int]:
        """From here on nothing reaches the disk. Gives how many sectors were at stake, and how many
        of them do not hold what was written last."""
        at_stake, lost = self._say("cut").split()
        return int(at_stake), int(lost)

    def come_back(self) -> None:
        """Nothing may run on the file system."""
        self._detach()
        self._say("restore")
        self._attach()
        tool("mount", self._loop, self.mounted)

    def _detach(self) -> None:
        if os.path.ismount(self.mounted):
            tool("umount", self.mounted)
        if self._loop:
            tool("losetup", "--detach", self._loop)
            self._loop = None

    def end(self) -> None:
        try:
            self._detach()
        finally:
            subprocess.run(["umount", "--lazy", self._disk], capture_output=True)
            self._server.kill()
            self._server.communicate()


class PowerCampaign(Campaign):
    """With `os` what was promised may be gone after a cut, and is charged again when it is sent
    again: there the start must not be refused, and what is known must be in the books."""

    def __init__(self, scenario: Scenario, seed: int, durability: str = "fsync") -> None:
        super().__init__(scenario, seed, durability)
        self.at_stake = 0
        self.lost_sectors = 0
        self.cuts = 0
        self.forgotten = 0  # payments, with `os`

    def lines(self) -> list[str]:
        return [*self.figures.lines(self.durability == "fsync"),
                f"{self.cuts} power cuts: {self.at_stake} sectors were not flushed, "
                f"{self.lost_sectors} of them lost; starts that were refused: 0",
                *([f"{self.forgotten} payments forgotten, of which os promises nothing"]
                  if self.durability == "os" else [])]

    def _chapter(self, cycles: int) -> None:
        folder = self.scenario.directory / f"machine-{self.figures.cycles}"
        self.machine = Machine(folder, self.random.randrange(1 << 32))
        try:
            super()._chapter(cycles)
        finally:
            for each in self.scenario.switches:
                each.end()
            self.machine.end()

    def _options(self) -> dict:
        return {**super()._options(), "data": str(self.machine.mounted / "data")}

    def _cycle(self) -> None:
        self.switch.data = self.machine.mounted / "data"
        for processor in self.scenario.processors:
            processor.faults(**self._fault_profile())
            processor.delay(self.random.choice((0, 0, 2, 50)))
        if self.random.random() < 0.3:
            self._lose_power_in_recovery()
        self.switch.start()
        self._ask()
        life = self.random.uniform(0.005, LONGEST_LIFE_S)  # the moment is what is drawn
        if self.random.random() < 0.3:
            self._fill()
            load = self._load(PAYMENTS_ON_A_FULL_DISK)
            life *= 4
        else:
            load = self._load()
        time.sleep(life)
        self._cut("power cut")
        self._note(load)

    def _lose_power_in_recovery(self) -> None:
        process = Process([PAYSWITCH, "serve", "--config", self.switch.config],
                          self.switch.directory / "switch.log")
        time.sleep(self.random.uniform(0, LONGEST_START_S))
        if process.exit_code() is not None:
            raise AssertionError(f"the start was refused:\n{process.said()}")
        self.switch.process = process
        self._cut("power cut in recovery")

    def _cut(self, way: str) -> None:
        at_stake, lost = self.machine.cut()
        self.switch.kill9()
        self.cuts += 1
        self.at_stake += at_stake
        self.lost_sectors += lost
        self.figures.deaths[way] += 1
        self.machine.come_back()
        self._ballast().unlink(missing_ok=True)

    def _ballast(self) -> Path:
        return self.machine.mounted / "ballast"

    def _fill(self) -> None:
        """The file system, but for a few blocks."""
        with self._ballast().open("wb") as stream:
            end, step = 0, 8 << 20
            while step >= 4096:
                try:
                    os.posix_fallocate(stream.fileno(), end, step)
                    end += step
                except OSError:
                    step //= 2

    # -- the referee -------------------------------------------------------------------------------

    def _note(self, load: Load) -> None:
        """On a full disk, or a disk that is gone, new payments are refused."""
        statuses = load.statuses()
        self.scenario.assertLessEqual(set(statuses.values()), {202, 503, None})
        self.accepted |= {each for each, status in statuses.items() if status == 202}
        self.figures.unanswered += sum(status != 202 for status in statuses.values())

    def _ask(self) -> None:
        if self.durability == "os":
            known = set(self.switch.payments(sorted(self.accepted)))
            self.forgotten += len(self.accepted - known)
            self.accepted &= known
        super()._ask()

    def _conclude(self) -> None:
        if self.durability == "fsync":
            return super()._conclude()
        for processor in self.scenario.processors:
            processor.faults()
            processor.delay(0)
        self.switch.start()
        self._ask()
        self.switch.settle_all(60)
        views = self.switch.payments(sorted(self.accepted))
        books = {each.name: each.books() for each in self.scenario.processors}
        for each in self.accepted:
            view = views[each]
            self.scenario.assertEqual(view["state"], "settled", each)
            self.scenario.assertIn(each, books[view["processor"]])
        self.figures.accepted += len(self.accepted)
        self.figures.booked += sum(len(entries) for entries in books.values())


def has_power_switch(folder: Path) -> Optional[str]:
    """Why no power cut can be had on this machine, or None."""
    if os.geteuid() != 0:
        return "only root can mount a file system"
    if not Path("/dev/fuse").exists():
        return "there is no /dev/fuse"
    try:
        Machine(folder, 1).end()
    except (PowerError, OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None
