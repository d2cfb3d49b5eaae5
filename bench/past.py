"""What a past of ten million payments costs: asked over HTTP as a client would, and in the store."""

import json
import re
import statistics
import time
from pathlib import Path

from laboratory import (PAYSWITCH, ROOT, Broken, Laboratory, Part, Process, Row, Switch, Wrk,
                        bench_program, duplicate, output_of, resident_bytes, say, table, wrk)

PREPARED = ROOT / "build/past"
FEW = 10_000
QUESTION_SECONDS = 1
STARTS = 5


def prepare(payments: int) -> None:
    say(f"past: preparing {payments:,} payments in {PREPARED}; this takes some minutes")
    output_of([bench_program("sealed_bench"), "--payments", payments, "--prepare", PREPARED],
              "sealed_bench", 3600)


def prepared() -> dict:
    note = PREPARED / "prepared.json"
    if not note.exists():
        raise Broken(f"{PREPARED} is not prepared: script/bench --prepare")
    return json.loads(note.read_text())


def read_files(directory: Path) -> None:
    """All of it comes into the page cache."""
    for each in directory.iterdir():
        with each.open("rb") as stream:
            while stream.read(1 << 20):
                pass


class Past:
    """Switches on copies of what was prepared."""

    def __init__(self, lab: Laboratory, payments: int) -> None:
        self.lab, self.payments = lab, payments

    def ready_seconds(self) -> float:
        """From the start of the process until /readyz says 200."""
        target = Switch(self.lab.folder(), self.lab.processors())
        duplicate(PREPARED / "open", target.data)
        began = time.monotonic()
        target.process = self.lab.keep(
            Process([PAYSWITCH, "serve", "--config", target.config], target.directory / "log"))
        deadline = began + 60
        while time.monotonic() < deadline:
            found = re.search(r"listening on \S+:(\d+)", target.process.said())
            if found:
                target.port = int(found[1])
                if target.get("/readyz").status == 200:
                    return time.monotonic() - began
            if target.process.exit_code() is not None:
                break
            time.sleep(0.001)
        raise Broken("the switch on 'open' is not ready: " + target.process.said()[-200:])

    def resident(self, name: str) -> tuple[int, int]:
        """Bytes of a switch that has just been started, and how many payments are sealed."""
        target = self.lab.switch(self.lab.processors(), PREPARED / name)
        return (resident_bytes(target.process.pid),
                int(target.metrics()["payswitch_sealed_payments"]))

    def answers(self, rounds: int) -> dict[str, list[Wrk]]:
        """One question after the other on one connection, of few and of all in turn."""
        few = self.lab.switch(self.lab.processors(), PREPARED / "few")
        every = self.lab.switch(self.lab.processors(), PREPARED / "all")
        questions = [("sum, few", few, "sum", FEW), ("sum, all", every, "sum", self.payments),
                     ("known, few", few, "known", FEW), ("known, all", every, "known", self.payments)]
        answers: dict[str, list[Wrk]] = {name: [] for name, *_ in questions}
        for number in range(rounds):
            for name, target, kind, payments in questions:
                answers[name].append(
                    wrk(target.port, 1, QUESTION_SECONDS, "ask.lua", kind, payments))
            say(f"past, round {number + 1}: " +
                ", ".join(f"{name} {each[-1].p50_ms * 1e3:.0f} µs" for name, each in answers.items()))
        if every.metrics()["payswitch_sealed_look_ups_total"] > 0:
            say("past: some questions waited for the disk: the page cache was not warm")
        return answers


def rows_of_store(store: dict, payments: int) -> list[Row]:
    """As the store's caller sees it, from the call to the completion on the loop."""
    few, every = store["sum_few"], store["sum_all"]
    ratio = every["median_us"] / few["median_us"]
    rows = [Row(f"… in the store, without HTTP", f"{every['median_us']:.2f} µs, **{ratio:.2f}**, "
                f"p99 {every['p99_us']:.1f} µs", f"{few['median_us']:.2f} µs", "≤ 1.5, p99 ≤ 1 ms",
                ratio <= 1.5 and every["p99_us"] <= 1000)]
    for kind in ("known", "unknown"):
        found = store[kind]
        rows.append(Row(f"one {kind} id among {payments:,}, in the store",
                        f"p99 **{found['p99_us']:.1f} µs**, median {found['median_us']:.1f}", "",
                        "p99 ≤ 20 µs", found["p99_us"] <= 20))
    return rows


def run(lab: Laboratory, chosen) -> Part:
    note = prepared()
    payments = note["payments"]
    past = Past(lab, payments)
    for name in ("few", "tenth", "all", "open"):
        read_files(PREPARED / name)
    try:
        answers = past.answers(chosen.rounds)
        lab.end()
        ready = []
        for _ in range(STARTS):
            ready.append(past.ready_seconds())
            lab.end()
        (small, few_sealed), (large, sealed) = past.resident("tenth"), past.resident("all")
    finally:
        lab.end()
    store = json.loads(output_of([bench_program("sealed_bench"), "--payments", payments,
                                  "--measure", PREPARED], "sealed_bench", 300))

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(each, field) for each in answers[name]) * 1e3

    ratio = median("sum, all", "p50_ms") / median("sum, few", "p50_ms")
    bytes_each = (large - small) / (sealed - few_sealed)
    started = statistics.median(ready)
    say(f"past: ready after {started:.2f} s, {bytes_each:.2f} bytes a payment")
    rows = [
        Row(f"sum of any window among {payments:,}, over HTTP",
            f"{median('sum, all', 'p50_ms'):.0f} µs, **{ratio:.2f}**, "
            f"p99 {median('sum, all', 'p99_ms'):.0f} µs",
            f"among {FEW:,}: {median('sum, few', 'p50_ms'):.0f} µs", "≤ 1.5, p99 ≤ 1 ms",
            ratio <= 1.5 and median("sum, all", "p99_ms") <= 1000),
        *rows_of_store(store, payments),
        Row(f"resident memory a settled payment, from {few_sealed:,} to {sealed:,}",
            f"**{bytes_each:.2f} bytes**", "", "≤ 3 bytes", bytes_each <= 3),
        Row(f"ready after start, {sealed:,} sealed and {note['open']:,} open",
            f"**{started:.2f} s**", "", "≤ 1 s", started <= 1)]
    details = table(
        ["over HTTP, µs", "median", "p99"],
        [[name, f"{median(name, 'p50_ms'):.0f}", f"{median(name, 'p99_ms'):.0f}"]
         for name in answers])
    details += table(
        ["in the store, µs", "median", "p99", "longest"],
        [[name, *(f"{store[name][each]:.2f}" for each in ("median_us", "p99_us", "longest_us"))]
         for name in ("sum_few", "sum_all", "known", "unknown")])
    return Part(rows, [
        f"`wrk -t1 -c1` with `bench/ask.lua`, {QUESTION_SECONDS} s each, medians of {chosen.rounds} "
        "interleaved rounds; `sealed_bench --measure`, 100,000 questions each, from the call to the "
        f"completion on the loop: {store['waited_for_the_disk']} waited for the disk, "
        f"{store['sealed_files']} sealed files. Starts: {', '.join(f'{each:.2f}' for each in ready)} "
        "s, page cache warm. Memory: resident, of switches just started; in one process that goes "
        f"from a tenth to all it was {note['resident_bytes_a_payment']:.2f} bytes.", "", *details])
