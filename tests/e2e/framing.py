"""Where a request ends, as two servers see it: ours, and nginx. A proxy in front that reads the
same bytes in another way lets one client slip a request into another one's connection."""

import json
import random
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, NamedTuple

from process import BUILD, Process

# Behind every case: shows where the servers think that the case ends.
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n"

_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")

NGINX = """
daemon off; master_process off; pid {0}/pid; error_log {0}/error.log crit; user root;
events {{ worker_connections 256; }}
http {{
  log_format seen escape=json
    '{{"status":$status,"method":"$request_method",'
    '"target":"$request_uri","body":"$request_body"}}';
  access_log off;
  client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
  client_body_buffer_size 64k; lingering_close off;
  server {{ listen unix:{0}/behind; location / {{ return 204; }} }}
  server {{
    listen unix:{0}/front;
    access_log {0}/seen seen;
    location / {{
      proxy_pass http://unix:{0}/behind:/;
      proxy_pass_request_headers off;
      proxy_ignore_client_abort on;
    }}
  }}
}}
"""


class Request(NamedTuple):
    method: str
    target: bytes
    body: bytes


@dataclass
class Reading:
    """What a server made of the bytes: requests, and then perhaps a refusal."""
    requests: list[Request]
    refused: int = 0  # the status


class Nginx:
    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._seen = directory / "seen"
        self._read = 0
        self._front = directory / "front"
        (directory / "nginx.conf").write_text(NGINX.format(directory))
        self.process = Process(["nginx", "-p", directory, "-c", directory / "nginx.conf"],
                               directory / "nginx.log")
        self.process.wait_for(self._front.exists, "nginx listens")

    def read(self, data: bytes) -> Reading:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._front))
            _exchange(connection, data)
        # Logged before the connection is closed.
        log = self._seen.read_bytes()[self._read:]
        self._read += len(log)
        reading = Reading([])
        for line in log.decode("latin1").splitlines():
            entry = json.loads(line, strict=False)
            if entry["status"] == 204:
                reading.requests.append(Request(entry["method"], entry["target"].encode("latin1"),
                                                entry["body"].encode("latin1")))
            else:
                reading.refused = entry["status"]
        return reading


class Ours:
    def __init__(self, directory: Path) -> None:
        self.process = Process([BUILD / "tests" / "echo"], directory / "echo.log")
        found = self.process.wait_for(lambda: _LISTENING.search(self.process.said()), "it listens")
        self._port = int(found[1])

    def read(self, data: bytes) -> Reading:
        with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
            answers = _exchange(connection, data)
        reading = Reading([])
        while answers:
            head, _, rest = answers.partition(b"\r\n\r\n")
            status = int(head[9:12])
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body, answers = rest[:int(length[1])] if length else b"", rest
            answers = answers[len(body):]
            if status == 200:
                seen = json.loads(body)
                reading.requests.append(Request(seen["method"], bytes.fromhex(seen["target"]),
                                                bytes.fromhex(seen["body"])))
            elif status >= 400:
                reading.refused = status
        return reading


def _exchange(connection: socket.socket, data: bytes) -> bytes:
    """Sends all and ends sending; gives all that comes until the other side closes."""
    connection.settimeout(10)
    received = b""
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(1 << 16):
            received += piece
    except (ConnectionResetError, BrokenPipeError):
        pass
    return received


# -- what they may differ in -----------------------------------------------------------------------

def same_request(one: Request, other: Request) -> bool:
    """Our echo names five methods and calls the rest `other`; it shows no empty query."""
    same_method = one.method == other.method or "other" in (one.method, other.method)
    return same_method and one.body == other.body and (
        one.target.removesuffix(b"?") == other.target.removesuffix(b"?"))


def is_stricter(one: Reading, other: Reading) -> bool:
    """All that one took the other took likewise; then it refused or waited, and read no more."""
    return len(one.requests) <= len(other.requests) and all(
        same_request(*pair) for pair in zip(one.requests, other.requests))


def is_same(ours: Reading, theirs: Reading) -> bool:
    return is_stricter(ours, theirs) and is_stricter(theirs, ours)


# -- cases -----------------------------------------------------------------------------------------

LINE = b"POST /p HTTP/1.1\r\nHost: a\r\n"
SEEDS = [
    LINE + b"Content-Length: 5\r\n\r\nhello",
    LINE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nTrailer: t\r\n\r\n",
    b"GET /g?q HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
    LINE + b"Content-Length: 0\r\n\r\n" + LINE + b"Content-Length: 1\r\n\r\nz",
    b"GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    LINE + b"Content-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n",
]
FRAGMENTS = [
    b"\r", b"\n", b"\r\n", b" ", b"\t", b"\x00", b"\x0b", b"\x7f", b"\xff", b":", b",", b";", b"0",
    b"5", b"-", b"+", b"0x", b"\"", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n",
    b"0\r\n\r\n", b"chunked", b"\r\n folded", b"GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n",
    b"HTTP/1.0",
]


def generated(seed: int) -> Iterator[bytes]:
    """For ever; the same ones for one seed."""
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            place = chance.randint(0, len(data))
            deed = chance.randrange(5)
            if deed == 0:
                data[place:place] = chance.choice(FRAGMENTS)
            elif deed == 1:
                del data[place:place + chance.randint(1, 3)]
            elif deed == 2:
                data[place:place + 1] = chance.choice(FRAGMENTS)
            elif deed == 3:  # at the beginning of a line: that is where it hurts
                starts = [match.end() for match in re.finditer(rb"\n", data)] or [0]
                start = chance.choice(starts)
                data[start:start] = chance.choice(FRAGMENTS)
            else:
                data = data.replace(*chance.choice([(b"\r\n", b"\n"), (b": ", b" :"), (b": ", b":"),
                                                    (b"HTTP/1.1", b"HTTP/1.0")]), 1)
        yield bytes(data)
