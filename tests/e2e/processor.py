"""A processor of the laboratory, as a real process."""

import http.client
import json
import re
from pathlib import Path
from typing import NamedTuple, Optional
from urllib.parse import quote

from process import LAB, Process
from times import iso, read_ms
from wire import read_json

TOKEN = "123"
_LISTENING = re.compile(r"listening on \S*?:(\d+)")


class Entry(NamedTuple):
    cents: int
    requested_ms: int
    times: int  # how often the id is in the books; anything but 1 is a disaster


class Sum(NamedTuple):
    count: int
    cents: int


def cents_of(amount) -> int:
    cents = amount * 100
    assert cents == int(cents), f"not whole cents: {amount}"
    return int(cents)


class Processor(Process):
    def __init__(self, name: str, directory: Path, fee: str = "0.05", port: int = 0) -> None:
        self.name = name
        self.fee = fee
        address = f"127.0.0.1:{port}"
        super().__init__([LAB, "processor", "--listen", address, "--fee", fee, "--token", TOKEN],
                         directory / f"processor-{name}.log")
        self.port = port
        self.url = ""

    def wait_until_it_listens(self) -> None:
        found = self.wait_for(lambda: _LISTENING.search(self.said()), "the processor listens")
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def delay(self, ms: int) -> None:
        """Every POST sleeps for that long, then is booked, also when its client has gone."""
        self._call("PUT", "/admin/configurations/delay", {"delay": ms}, expect=200)

    def failing(self, on: bool) -> None:
        """Every POST decided from now on is answered 500 with an empty body, and not booked."""
        self._call("PUT", "/admin/configurations/failure", {"failure": on}, expect=200)

    def faults(self, **faults) -> None:
        """Replaces the whole set of faults; none clears it."""
        self._call("PUT", "/lab/faults", faults)

    def book(self, correlation_id: str, cents: int, requested_ms: int) -> None:
        """Puts an entry into the books that came from somewhere else."""
        body = f'{{"amount":{cents // 100}.{cents % 100:02d},"requestedAt":"{iso(requested_ms)}"}}'
        self._call("PUT", f"/lab/books/{correlation_id}", body)

    def forget(self, correlation_id: str) -> None:
        """Takes an entry out of the books."""
        self._call("DELETE", f"/lab/books/{correlation_id}")

    def books(self) -> dict[str, Entry]:
        lines = self._call("GET", "/lab/books").splitlines()
        entries = [read_json(line) for line in lines if line.strip()]
        return {entry["correlationId"]: Entry(cents_of(entry["amount"]),
                                              read_ms(entry["requestedAt"]), entry["times"])
                for entry in entries}

    def counters(self) -> dict[str, int]:
        return read_json(self._call("GET", "/lab/counters"))

    def summary(self, from_ms: int, to_ms: int) -> Sum:
        window = f"from={quote(iso(from_ms))}&to={quote(iso(to_ms))}"
        answer = read_json(self._call("GET", f"/admin/payments-summary?{window}", expect=200))
        return Sum(answer["totalRequests"], cents_of(answer["totalAmount"]))

    def _call(self, method: str, target: str, body=None, expect: Optional[int] = None) -> bytes:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        fields = {"X-Rinha-Token": TOKEN, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, text, fields)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != expect and not (expect is None and 200 <= answer.status < 300):
            raise AssertionError(f"{method} {target}: {answer.status} {content!r}")
        return content
