"""What is reported without a target: memory, disk, program, an idle process, system calls."""

import re
import signal
import time
from pathlib import Path

from laboratory import (PAYSWITCH, Broken, Laboratory, Part, Process, Row, output_of,
                        resident_bytes, say, table, wrk)
from past import PREPARED

IDLE_SECONDS = 11  # two health polls
TRACE_SECONDS = 4


def thread_seconds(pid: int) -> float:
    """CPU time to the nanosecond, of all threads: an idle process takes less than a tick."""
    return sum(int((each / "schedstat").read_text().split()[0])
               for each in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def program_bytes(directory: Path) -> tuple[int, int]:
    """As it was built, and without what is for debuggers."""
    stripped = directory / "payswitch"
    output_of(["strip", "-o", stripped, PAYSWITCH], "strip", 60)
    return PAYSWITCH.stat().st_size, stripped.stat().st_size


def open_payment_bytes(lab: Laboratory) -> tuple[float, int]:
    """Both processors are down, so that everything that was accepted is open."""
    both = lab.processors()
    target = lab.switch(both)
    for each in both:
        each.end()
    wrk(target.port, 16, 1, "pay.lua")  # buffers have their size then

    def now() -> tuple[int, int]:
        return resident_bytes(target.process.pid), target.count("accepted", "attempting", "unknown")

    before, few = now()
    wrk(target.port, 16, 4, "pay.lua")
    after, many = now()
    return (after - before) / (many - few), many


def sealed_bytes(lab: Laboratory) -> float:
    """Of what was prepared for the section `past`, by payment that is sealed there."""
    payments = lab.switch(lab.processors(), PREPARED / "all").metrics()["payswitch_sealed_payments"]
    return sum(each.stat().st_size for each in (PREPARED / "all").glob("sealed-*")) / payments


def system_calls(lab: Laboratory) -> tuple[list[list[str]], float, int]:
    """strace -c: by call, how many a payment, in all and by name; and how many payments."""
    target = lab.switch(lab.processors())
    report = lab.folder() / "strace"
    wrk(target.port, 256, 1, "pay.lua")
    target.settle_all(60)
    settled = target.count("settled")
    tracer = lab.keep(Process(["strace", "-c", "-f", "-p", target.process.pid, "-o", report],
                              report.with_suffix(".log")))
    tracer.wait_for(lambda: "attached" in tracer.said(), "strace is attached")
    wrk(target.port, 256, TRACE_SECONDS, "pay.lua")
    target.settle_all(60)
    payments = target.count("settled") - settled
    tracer.signal(signal.SIGINT)
    tracer.wait_exit(20)
    lab.running.remove(tracer)
    # The columns: share, seconds, microseconds a call, calls, errors if any, name.
    calls = {found[2]: int(found[1]) for found in re.finditer(
        r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", report.read_text(), re.MULTILINE)}
    calls.pop("total", None)
    if not calls or payments == 0:
        raise Broken("strace -c counted nothing")
    by_name = [[name, f"{count / payments:.3f}"] for name, count in
               sorted(calls.items(), key=lambda each: -each[1]) if count / payments >= 0.001]
    return by_name, sum(calls.values()) / payments, payments


def run(lab: Laboratory, chosen) -> Part:
    rows = []

    def report(what: str, measured: str) -> None:
        rows.append(Row(what, measured, "", "", None))
        say(f"footprint: {what}: {measured}")

    try:
        whole, stripped = program_bytes(lab.folder())
        report("program", f"{stripped / 1e6:.1f} MB stripped, {whole / 1e6:.1f} MB with line numbers")
        target = lab.switch(lab.processors())
        pid = target.process.pid
        report("resident memory at the start", f"{resident_bytes(pid) / 1e6:.1f} MB")
        time.sleep(1)
        before, began = thread_seconds(pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        idle = (thread_seconds(pid) - before) / (time.monotonic() - began)
        report(f"CPU of an idle switch, over {IDLE_SECONDS} s", f"{idle:.4%}")
        wrk(target.port, 256, 2, "pay.lua")
        target.settle_all(60)
        journal = target.metrics()["payswitch_journal_bytes_total"] / target.count("settled")
        lab.end()
        report("journal a payment, saturated", f"{journal:.0f} bytes")
        report("sealed files a payment", f"{sealed_bytes(lab):.1f} bytes")
        lab.end()
        each, count = open_payment_bytes(lab)
        report(f"resident memory an open payment, up to {count:,}", f"{each:.0f} bytes")
        lab.end()
        by_name, calls, payments = system_calls(lab)
        report("system calls a payment, saturated, 256", f"{calls:.2f}")
    finally:
        lab.end()
    return Part(rows, [f"`strace -c -f` of {payments:,} payments end to end; it slows the switch down, "
                       "which makes its batches larger.", "",
                       *table(["system call", "a payment"], by_name)])
