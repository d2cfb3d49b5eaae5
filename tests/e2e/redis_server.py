"""A real redis-server of one's own, and what the switches keep in it."""

import re
import socket
import subprocess
from pathlib import Path
from typing import Iterable, Optional

from process import Process, wait_until

SHARDS = 64
_JOINED = re.compile(r"joined as (\w+)")


def joined_as(said: str) -> Optional[str]:
    """The name of an instance, by its own words; names change."""
    names = _JOINED.findall(said)
    return names[-1] if names else None


def reserved_port() -> socket.socket:
    """A port that nobody else gets while this is open: bound and never listened on, with leave for
    one that says SO_REUSEADDR, as Redis does."""
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return port


def make_certificate(certificate: Path, key: Path) -> None:
    """Of 127.0.0.1, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=redis",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)


class Redis:
    """Keeps what it was told across its own lives, as the documents recommend."""

    def __init__(self, directory: Path, *, appendonly: str = "yes",
                 appendfsync: str = "always", tls: bool = False) -> None:
        self.directory = directory
        self._reserved = reserved_port()
        self._reserved_for_tls: Optional[socket.socket] = None
        self.port = self._reserved.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.certificate = directory / "redis.crt"
        self.process: Optional[Process] = None
        self.members: set = set()  # the switches that were started on it
        directory.mkdir()
        (directory / "redis.conf").write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {directory}\nsave \"\"\n"
            f"appendonly {appendonly}\nappendfsync {appendfsync}\n"
            "hash-max-listpack-entries 32\n")
        if tls:
            self._speak_tls()
        self.start()

    # -- its life ----------------------------------------------------------------------------------

    def start(self) -> None:
        self.process = Process(["redis-server", self.directory / "redis.conf"],
                               self.directory / "redis.log")
        self.process.wait_for(self._is_alive, "redis answers")

    def _speak_tls(self) -> None:
        """To the switches; the tests ask over the plain port."""
        self._reserved_for_tls = reserved_port()
        port = self._reserved_for_tls.getsockname()[1]
        self.url = f"rediss://127.0.0.1:{port}"
        key = self.directory / "redis.key"
        make_certificate(self.certificate, key)
        with (self.directory / "redis.conf").open("a") as settings:
            settings.write(f"tls-port {port}\ntls-cert-file {self.certificate}\n"
                           f"tls-key-file {key}\ntls-auth-clients no\n")

    def kill9(self) -> None:
        self.process.kill9()

    def restart(self) -> None:
        self.kill9()
        self.start()

    def stop(self) -> None:
        self.process.stop()

    def cont(self) -> None:
        self.process.cont()

    def end(self) -> None:
        if self.process:
            self.process.end()
        self._reserved.close()
        if self._reserved_for_tls:
            self._reserved_for_tls.close()

    def _is_alive(self) -> bool:
        try:
            return self.ask(["PING"]) == ["PONG"]
        except OSError:
            return False

    # -- what it holds -----------------------------------------------------------------------------

    def ask(self, *commands: Iterable[str]) -> list:
        """The reply to each of them."""
        words = [list(map(str, each)) for each in commands]
        text = "".join(f"*{len(each)}\r\n" + "".join(f"${len(w.encode())}\r\n{w}\r\n" for w in each)
                       for each in words)
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            connection.sendall(text.encode())
            with connection.makefile("rb") as replies:
                return [read_reply(replies) for _ in words]

    def open_by_instance(self) -> dict[str, int]:
        """How many open payments each instance owns, dead ones included."""
        shards = [f"ps:{{s{shard:02d}}}" for shard in range(SHARDS)]
        owners = self.ask(*(["HKEYS", f"{shard}:owners"] for shard in shards))
        sets = [(name, f"{shard}:own:{name}")
                for shard, names in zip(shards, owners) for name in names]
        counts: dict[str, int] = {}
        if sets:
            for (name, _), size in zip(sets, self.ask(*(["SCARD", key] for _, key in sets))):
                counts[name] = counts.get(name, 0) + size
        return {name: size for name, size in counts.items() if size > 0}

    def wait_until_nothing_is_left_behind(self, seconds: float = 60) -> None:
        """Every open payment is one of a switch that is running."""
        def is_owned() -> bool:
            names = {each.instance() for each in self.members if each.process.exit_code() is None}
            return set(self.open_by_instance()) <= names
        wait_until(is_owned, seconds, "what the dead left behind is taken over")


def read_reply(stream):
    line = stream.readline()
    if not line:
        raise ConnectionError("redis has closed the connection")
    kind, rest = line[:1], line[1:-2].decode()
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"-":
        raise OSError(rest)
    size = int(rest)
    if kind == b"*":
        return [read_reply(stream) for _ in range(size)]
    return stream.read(size + 2)[:-2].decode() if size >= 0 else None
