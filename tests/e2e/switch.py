"""The switch, as a real process on a data directory or a Redis that outlives it."""

import fcntl
import os
import re
import signal
import threading
from pathlib import Path
from typing import Iterable, Mapping, Optional
from urllib.parse import quote

from process import PAYSWITCH, Process, wait_until
from processor import Processor, Sum, cents_of
from redis_server import Redis, joined_as
from times import iso
from wire import Answer, Closed, Connection, pipeline, request

_LISTENING = re.compile(r"listening on (?:http://)?127\.0\.0\.1:(\d+)")
_SAMPLE = re.compile(r"^(payswitch_\S+?(?:\{.*\})?) (\S+)$")

Toml = Mapping[str, object]


def amount_text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def payment_request(correlation_id: str, cents: int) -> bytes:
    body = f'{{"correlationId":"{correlation_id}","amount":{amount_text(cents)}}}'.encode()
    return (b"POST /payments HTTP/1.1\r\nHost: switch\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def toml(options: Toml, processors: Iterable[Processor], each: Toml) -> str:
    """Lines of configuration. Tables come after the plain keys, as TOML wants it."""
    def value(thing: object) -> str:
        return f'"{thing}"' if isinstance(thing, str) else str(thing).lower()

    def lines(table: Toml) -> list[str]:
        return [f"{key} = {value(thing)}" for key, thing in table.items()]

    text = lines({key: thing for key, thing in options.items() if not isinstance(thing, dict)})
    for name, table in options.items():
        if isinstance(table, dict):
            text += [f"[{name}]", *lines(table)]
    for processor in processors:
        text += ["[[processor]]", f'name = "{processor.name}"', f'url = "{processor.url}"',
                 f"fee = {processor.fee}", *lines(each)]
    return "\n".join(text) + "\n"


class Switch:
    """`options` are the keys of the configuration file, `each` those of every processor. On a Redis
    a process that is killed leaves its payments to whoever comes after its lease: a start returns
    when they have been taken over."""

    LEASE = "1s"

    def __init__(self, directory: Path, processors: Iterable[Processor], *,
                 options: Toml = {}, each: Toml = {}, redis: Optional[Redis] = None) -> None:
        self.directory = directory
        self.redis = redis
        self.data = directory / "data"
        self.config = directory / "payswitch.toml"
        self.process: Optional[Process] = None
        self.port = 0
        self.configure(processors, options=options, each=each)

    def configure(self, processors: Iterable[Processor], *, options: Toml = {},
                  each: Toml = {}) -> None:
        store = {"store": {"lease": self.LEASE}} if self.redis else {"data": str(self.data)}
        plain = {"listen": "127.0.0.1:0", **store, **options}
        self.config.write_text(toml(plain, processors, each))

    # -- its life ----------------------------------------------------------------------------------

    def start(self, *flags: str, extra: Mapping[str, str] = {}) -> None:
        """Starts it and waits until it answers."""
        left_something = self.process is not None
        store = {"REDIS_URL": self.redis.url} if self.redis else {}
        self.adopt(Process([PAYSWITCH, "serve", "--config", self.config, *flags],
                           self.directory / "switch.log", {**store, **extra}))
        if self.redis:
            self.redis.members.add(self)
            if left_something:
                self.redis.wait_until_nothing_is_left_behind()

    def adopt(self, process: Process) -> None:
        """From here on `process` is the switch."""
        self.process = process
        found = self.process.wait_for(lambda: _LISTENING.search(self.process.said()),
                                      "the switch listens", 60)
        self.port = int(found[1])
        self.process.wait_for(self._is_alive, "the switch answers")

    def wait_until_gone(self) -> None:
        """One that strace started may outlive strace for a moment: until its last write is over."""
        if not self.data.exists():
            return

        def is_unlocked() -> bool:
            directory = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
            finally:
                os.close(directory)
        wait_until(is_unlocked, 20, "the last one has gone")

    def kill9(self) -> None:
        self.process.kill9()

    def terminate(self) -> None:
        self.process.signal(signal.SIGTERM)

    def drain(self) -> int:
        """SIGTERM; gives the exit code."""
        self.terminate()
        return self.process.wait_exit(12)

    def listens(self) -> bool:
        try:
            Connection(self.port).close()
            return True
        except OSError:
            return False

    def restart(self) -> None:
        self.kill9()
        self.start()

    def instance(self) -> Optional[str]:
        """The name that it goes by on Redis; names change."""
        return joined_as(self.process.said())

    def end(self) -> None:
        if self.process:
            self.process.end()

    # -- payments ----------------------------------------------------------------------------------

    def call(self, data: bytes) -> Answer:
        with Connection(self.port) as connection:
            return connection.exchange(data)

    def get(self, target: str) -> Answer:
        return self.call(request("GET", target))

    def post(self, body: bytes, **fields: str) -> Answer:
        return self.call(request("POST", "/payments", body, **fields))

    def pay(self, correlation_id: str, cents: int) -> Answer:
        return self.call(payment_request(correlation_id, cents))

    def pay_many(self, payments: Mapping[str, int],
                 connections: int = 8) -> dict[str, Optional[int]]:
        """Pays over pipelined connections. Gives the status by id; None: no answer came."""
        return Load(self, payments, connections).statuses()

    def payment(self, correlation_id: str, wait: str = "") -> dict:
        answer = self.get(f"/payments/{correlation_id}" + (f"?wait={wait}" if wait else ""))
        assert answer.status == 200, answer
        return answer.json()

    def payments(self, ids: Iterable[str], connections: int = 4) -> dict[str, dict]:
        """What the switch says of each of them; an id that it does not know is missing."""
        ids = list(ids)
        views: dict[str, dict] = {}

        def work(mine: list[str]) -> None:
            requests = (request("GET", f"/payments/{each}") for each in mine)
            for each, answer in zip(mine, pipeline(self.port, requests, 32)):
                if answer and answer.status == 200:
                    views[each] = answer.json()

        in_parallel(work, [ids[start::connections] for start in range(connections)])
        return views

    # -- reading -----------------------------------------------------------------------------------

    def summary(self, from_ms: Optional[int] = None, to_ms: Optional[int] = None) -> dict[str, Sum]:
        ends = {"from": from_ms, "to": to_ms}
        query = "&".join(f"{end}={quote(iso(ms))}" for end, ms in ends.items() if ms is not None)
        answer = self.get("/payments-summary" + (f"?{query}" if query else ""))
        assert answer.status == 200, answer
        return {name: Sum(total["totalRequests"], cents_of(total["totalAmount"]))
                for name, total in answer.json().items()}

    def processors(self) -> dict[str, dict]:
        return {each["name"]: each for each in self.get("/processors").json()}

    def breaker(self, name: str) -> str:
        return self.processors()[name]["breaker"]["state"]

    def metrics(self) -> dict[str, float]:
        text = self.get("/metrics").body.decode()
        samples = (_SAMPLE.match(line) for line in text.splitlines())
        return {sample[1]: float(sample[2]) for sample in samples if sample}

    def count(self, *states: str) -> int:
        """How many payments are in these states."""
        metrics = self.metrics()
        return sum(int(metrics[f'payswitch_payments{{state="{state}"}}']) for state in states)

    def settle_all(self, seconds: float) -> None:
        """Waits until no payment is open: on Redis, no payment of anybody's."""
        wait_until(self._all_is_settled, seconds, "every payment is settled")

    def _all_is_settled(self) -> bool:
        if self.count("accepted", "attempting", "unknown") > 0:
            return False
        return not self.redis or not self.redis.open_by_instance()

    def _is_alive(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except (OSError, Closed):
            return False


class Load:
    """Payments on their way to the switch over pipelined connections, from the background. It does
    not repeat: after a crash the rest has no answer."""

    DEPTH = 32

    def __init__(self, switch: Switch, payments: Mapping[str, int], connections: int = 8) -> None:
        self.answered = 0  # about; for the thread that watches
        self._port = switch.port
        self._payments = payments
        self._statuses: dict[str, Optional[int]] = {}
        self._error: Optional[BaseException] = None
        ids = list(payments)
        shares = [ids[start::connections] for start in range(connections)]
        self._thread = threading.Thread(target=self._run, args=(shares,))
        self._thread.start()

    def statuses(self) -> dict[str, Optional[int]]:
        """Waits for its end. None: no answer came."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._statuses

    def _run(self, shares: list[list[str]]) -> None:
        try:
            in_parallel(self._pay, shares)
        except BaseException as error:
            self._error = error

    def _pay(self, ids: list[str]) -> None:
        requests = (payment_request(each, self._payments[each]) for each in ids)
        for each, answer in zip(ids, pipeline(self._port, requests, self.DEPTH)):
            self._statuses[each] = answer.status if answer else None
            self.answered += answer is not None


def in_parallel(work, shares: list[list]) -> None:
    """One thread a share; what one of them raises is raised here."""
    errors: list[BaseException] = []

    def guarded(share: list) -> None:
        try:
            work(share)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(share,)) for share in shares if share]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
