"""Where a payment's microseconds go, step by step: perf's samples, told by who called whom."""

import re
import shutil
import subprocess
from collections import Counter
from typing import Iterator, NamedTuple

from cpu import Cpu
from laboratory import Broken, Laboratory, Part, output_of, say, table, wrk

PROFILE_SECONDS = 5
FREQUENCY = 997
CONNECTIONS = 256

# In the order in which a payment meets them. The innermost of our functions decides whose step a
# sample is; what it called in libraries is counted with it.
STEPS = [
    ("both sides: what a turn reads and writes, together", r"http::(Transfers|Socket)::"),
    ("the client's side: connections, parsing, answers",
     r"http::.*((?<!Pool)Connection::|Server|RequestParser|RequestEvents|ResponseQueue|render|InputBuffer)"),
    ("routes: JSON in, limits, metrics", r"payswitch::(api|operate|metrics)::|http::.*[Jj]son"),
    ("the processor's side: connections, parsing",
     r"http::.*(Pool|ResponseParser|Client)|payswitch::processor::"),
    ("dispatch and routing", r"payswitch::(dispatch|routing)::"),
    ("the store: index, records, groups, books", r"payswitch::(store|books)::"),
    ("durable writes: ring, files", r"payswitch::world::.*(Ring|RealDisk|File|Worker|Draft|sync)"),
    ("the loop: sockets that are ready, timers, clock", r"payswitch::|boost::asio"),
]
ELSE = "everything else"
INTERRUPTS = "interrupts and page faults"
SYSTEM_CALL = re.compile(r"^__(?:x64|ia32|se|do)_sys_(\w+)")
STUB = re.compile(r"^_*(?:libc_)?(recv|send|epoll_wait|epoll_ctl|syscall|"
                  r"_*io_uring_submit\w*)$")  # in the C library, and in liburing
ALLOCATION = re.compile(r"^_*(malloc|free|cfree|calloc|realloc|_?int_\w+|operator (new|delete)|"
                        r"unlink_chunk|tcache\w*|libc_(malloc|free))")


class Frame(NamedTuple):
    symbol: str
    is_kernel: bool


def stacks(script: str) -> Iterator[list[Frame]]:
    """The innermost frame first, as `perf script` tells them: address, symbol, (file)."""
    for block in script.split("\n\n"):
        frames = []
        for line in block.splitlines():
            found = re.match(r"\s+([0-9a-f]+) (.*) \((.*)\)$", line)
            if found:
                symbol = re.sub(r"\+0x[0-9a-f]+$", "", found[2])
                frames.append(Frame(symbol, found[3].startswith("[kernel") or
                                    found[1].startswith("ffffffff")))
        if frames:
            yield frames


def step_of(ours: list[str]) -> str:
    for symbol in ours:
        for name, pattern in STEPS[:-1]:
            if re.search(pattern, symbol):
                return name
    return STEPS[-1][0] if any(re.search(STEPS[-1][1], symbol) for symbol in ours) else ELSE


def system_call_of(frames: list[Frame]) -> str:
    """"" where there is none."""
    for frame in frames:
        if found := SYSTEM_CALL.match(frame.symbol):
            return found[1]
    first = frames[0]
    return "entering the kernel" if not first.is_kernel and STUB.match(first.symbol) else ""


def place_of(frames: list[Frame]) -> tuple[str, str]:
    """Step and column."""
    ours = [frame.symbol for frame in frames if not frame.is_kernel]
    if system_call_of(frames):
        return step_of(ours), "system calls"
    if frames[0].is_kernel:
        return INTERRUPTS, "system calls"
    return step_of(ours), "allocating" if ALLOCATION.match(ours[0]) else "itself"


class Profile(NamedTuple):
    """How many samples, of a switch that is saturated."""
    by_place: Counter
    by_system_call: Counter
    by_function: Counter


def profile(lab: Laboratory) -> Profile:
    if not shutil.which("perf"):
        raise Broken("perf is not there; it is in the package linux-perf")
    target = lab.switch(lab.processors())
    data = lab.folder() / "perf.data"
    wrk(target.port, CONNECTIONS, 1, "pay.lua")
    recorder = subprocess.Popen(
        ["perf", "record", "-q", "-F", str(FREQUENCY), "--call-graph", "dwarf,16384",
         "-p", str(target.process.pid), "-o", data, "--", "sleep", str(PROFILE_SECONDS)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wrk(target.port, CONNECTIONS, PROFILE_SECONDS + 1, "pay.lua")
    _, trouble = recorder.communicate(timeout=60)
    if recorder.returncode != 0:
        raise Broken(f"perf record: {trouble.strip().rpartition(chr(10))[2]}")
    lab.end_servers()
    said = output_of(["perf", "script", "--no-inline", "-F", "ip,sym,symoff,dso", "-i", data],
                     "perf script", 300)
    found = Profile(Counter(), Counter(), Counter())
    for frames in stacks(said):
        found.by_place[place_of(frames)] += 1
        found.by_system_call[system_call_of(frames)] += 1
        found.by_function[frames[0].symbol] += 1
    del found.by_system_call[""]
    return found


def run(lab: Laboratory, chosen) -> Part:
    try:
        cost = Cpu(lab, chosen.seconds).payments(CONNECTIONS, "fsync").cpu_us
        lab.end()
        found = profile(lab)
    finally:
        lab.end()
    samples = sum(found.by_place.values())
    if samples == 0:
        raise Broken("perf took no samples")

    def us(count: int) -> str:
        return f"{count / samples * cost:.2f}"

    def most(counts: Counter, how_many: int) -> list[list[str]]:
        return [[f"`{name[:70]}`", us(count)] for name, count in counts.most_common(how_many)]

    columns = ["itself", "allocating", "system calls"]
    lines = []
    for step in [name for name, _ in STEPS] + [ELSE, INTERRUPTS]:
        counts = [found.by_place[step, column] for column in columns]
        lines.append([step, *map(us, counts), us(sum(counts))])
    lines.append(["all", *(us(sum(count for (_, place), count in found.by_place.items()
                                  if place == column)) for column in columns), us(samples)])
    say(f"budget: {cost:.1f} µs a payment in {samples:,} samples")
    return Part([], [
        f"End to end, `fsync`, {CONNECTIONS} connections: {cost:.1f} µs a payment without perf; its "
        f"shares by `perf record -F {FREQUENCY} --call-graph dwarf` for {PROFILE_SECONDS} s, "
        f"{samples:,} samples.", "",
        *table(["µs a payment", *columns, "all"], lines),
        *table(["system call", "µs a payment"], most(found.by_system_call, 8)),
        *table(["function, alone", "µs a payment"], most(found.by_function, 20))])
