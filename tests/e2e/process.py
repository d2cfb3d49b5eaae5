"""One real process: started with its output in a file, addressed and ended by its process id."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, TypeVar

BUILD = Path(os.environ.get("PAYSWITCH_BUILD", Path(__file__).parents[2] / "build/release"))
PAYSWITCH = BUILD / "payswitch"
LAB = BUILD / "payswitch-lab"

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float, what: str = "") -> T:
    """Polls until the condition holds, and gives what it said; fails after the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return result


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would configure the switch behind a test's back."""
    names = ("PORT", "LISTEN", "DATA", "DURABILITY", "PATIENCE", "NUM_WORKERS", "REDIS_URL",
             "UNKNOWN_FIELDS")
    kept = {name: value for name, value in os.environ.items()
            if name not in names and not name.startswith("PROCESSOR_")}
    return {**kept, **extra}


class Process:
    def __init__(self, arguments: list, output: Path, extra: Mapping[str, str] = {}) -> None:
        self.output = output
        self._seen = output.stat().st_size if output.exists() else 0
        with output.open("ab") as stream:
            # The kernel ends it when the test is killed and cannot do so itself.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, arguments)], stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, env=environment(extra))

    def said(self) -> str:
        """What it has written so far, without what an earlier process wrote to the same file."""
        with self.output.open("rb") as stream:
            stream.seek(self._seen)
            return stream.read().decode(errors="replace")

    def wait_for(self, condition: Callable[[], T], what: str, seconds: float = 20) -> T:
        def holds() -> Optional[T]:
            if self.exit_code() is not None:
                raise AssertionError(f"{what}: ended with {self.exit_code()}:\n{self.said()}")
            return condition()
        return wait_until(holds, seconds, what)

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> Optional[int]:
        return self._process.poll()

    def wait_exit(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.said()}") from None

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        """SIGSTOP; sockets go on taking what is sent to them."""
        self.signal(signal.SIGSTOP)

    def cont(self) -> None:
        self.signal(signal.SIGCONT)

    def kill9(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self.exit_code() is None:
            self.kill9()


def run(arguments: list, extra: Mapping[str, str] = {}, seconds: float = 20,
        cwd: Optional[Path] = None) -> subprocess.CompletedProcess:
    """Runs the switch to its end: for what is over at once."""
    return subprocess.run([str(PAYSWITCH), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=environment(extra), timeout=seconds,
                          cwd=cwd)
