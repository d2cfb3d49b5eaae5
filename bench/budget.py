"""Where a payment's microseconds go, step by step: perf's samples, told by who called whom."""

import re
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
    ("the client's side: connections, parsing, answers",
     r"http::.*(Connection::|Server|RequestParser|RequestEvents|AnswerQueue|render|InputBuffer)"),
    ("routes: JSON in, limits, metrics", r"payswitch::(api|operate|metrics)::|http::.*[Jj]son"),
    ("the processor's side: connections, parsing",
     r"http::.*(Pool|AnswerParser|Client)|payswitch::processor::"),
    ("dispatch and routing", r"payswitch::(dispatch|routing)::"),
    ("the store: index, records, groups, books", r"payswitch::(store|books)::"),
    ("durable writes: ring, files", r"payswitch::world::.*(Ring|RealDisk|File|Worker|Draft|sync)"),
    ("clock, timers, the loop, Asio", r"payswitch::|boost::asio"),
]
ELSE = "everything else"
# Their callers are Asio's for both sides: a stack does not say whose socket it was.
SYSTEM_CALL = re.compile(r"^__(?:x64|ia32|se|do)_sys_(\w+)")
STUB = re.compile(r"^_*(?:libc_)?(recv|send|epoll_wait|epoll_ctl|syscall)$")  # in the C library
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


def place_of(frames: list[Frame]) -> tuple[str, str]:
    """Column and row: a system call, or a step and whether it was allocating."""
    ours = [frame.symbol for frame in frames if not frame.is_kernel]
    if frames[0].is_kernel:
        calls = [found[1] for frame in frames if (found := SYSTEM_CALL.match(frame.symbol))]
        return "kernel", calls[0] if calls else "interrupts and faults"
    if STUB.match(ours[0]):
        return "kernel", "entering it"
    column = "allocation" if ALLOCATION.match(ours[0]) else "user"
    for symbol in ours:
        for name, pattern in STEPS[:-1]:
            if re.search(pattern, symbol):
                return column, name
    return column, STEPS[-1][0] if any(re.search(STEPS[-1][1], each) for each in ours) else ELSE


def profile(lab: Laboratory) -> tuple[Counter, Counter]:
    """Samples by place, and by function, of a switch that is saturated."""
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
    counts: Counter = Counter()
    symbols: Counter = Counter()
    for frames in stacks(said):
        counts[place_of(frames)] += 1
        symbols[frames[0].symbol] += 1
    return counts, symbols


def run(lab: Laboratory, chosen) -> Part:
    try:
        cost = Cpu(lab, chosen.seconds).payments(CONNECTIONS, "fsync").cpu_us
        lab.end()
        counts, symbols = profile(lab)
    finally:
        lab.end()
    samples = sum(counts.values())
    if samples == 0:
        raise Broken("perf took no samples")

    def us(count: int) -> float:
        return count / samples * cost

    steps = []
    for name in [name for name, _ in STEPS] + [ELSE]:
        user, allocation = us(counts["user", name]), us(counts["allocation", name])
        steps.append([name, f"{user:.2f}", f"{allocation:.2f}", f"{user + allocation:.2f}"])
    calls = sorted(((count, row) for (column, row), count in counts.items() if column == "kernel"),
                   reverse=True)
    kernel = sum(count for count, _ in calls)
    steps.append(["system calls", "", "", f"{us(kernel):.2f}"])
    steps.append(["all", "", "", f"{cost:.2f}"])
    say(f"budget: {cost:.1f} µs a payment in {samples:,} samples")
    return Part([], [
        f"End to end, `fsync`, {CONNECTIONS} connections: {cost:.1f} µs a payment without perf; its "
        f"shares by `perf record -F {FREQUENCY} --call-graph dwarf` for {PROFILE_SECONDS} s, "
        f"{samples:,} samples.", "",
        *table(["µs a payment", "itself", "allocating", "all"], steps),
        *table(["the kernel, by system call", "µs a payment"],
               [[f"`{row}`", f"{us(count):.2f}"] for count, row in calls]),
        "The functions with most samples:", "",
        *table(["function", "µs a payment"],
               [[f"`{name[:70]}`", f"{us(count):.2f}"] for name, count in symbols.most_common(25)])])
