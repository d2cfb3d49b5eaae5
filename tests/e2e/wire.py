"""HTTP/1.1 on a raw socket: what the tests send byte by byte, out of shape, or very fast."""

import json
import re
import socket
from dataclasses import dataclass
from decimal import Decimal
from typing import Iterable, Optional

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


class Closed(Exception):
    """The other side closed the connection before the answer was whole."""


@dataclass
class Answer:
    status: int
    fields: dict[str, str]  # names in lower case; of several the last
    body: bytes

    def json(self):
        return read_json(self.body)


def read_json(text: bytes):
    """Money never passes through a float."""
    return json.loads(text, parse_float=Decimal)


def request(method: str, target: str, body: Optional[bytes] = None, **fields: str) -> bytes:
    """Underscores in the names of `fields` stand for hyphens."""
    lines = [f"{method} {target} HTTP/1.1", "Host: switch"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
        if not any(name.lower() == "content_type" for name in fields):
            lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Connection:
    """One keep-alive connection. Answers are read in the order in which they come."""

    def __init__(self, port: int, timeout: float = 30) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def exchange(self, data: bytes) -> Answer:
        self.send(data)
        return self.read()

    def read(self) -> Answer:
        while (head_end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self.buffer[:head_end]
        found = _LENGTH.search(head)
        status = int(head[9:12])
        has_body = status >= 200 and status != 204
        if has_body and not found:
            raise AssertionError(f"an answer without Content-Length: {head!r}")
        end = head_end + 4 + (int(found[1]) if found and has_body else 0)
        while len(self.buffer) < end:
            self._receive()
        body = self.buffer[head_end + 4:end]
        self.buffer = self.buffer[end:]
        pairs = (line.split(b":", 1) for line in head.split(b"\r\n")[1:])
        fields = {name.decode().lower(): value.strip().decode() for name, value in pairs}
        return Answer(status, fields, body)

    def is_closed_by_peer(self) -> bool:
        """Waits for the end; False when something else comes, or nothing within the time-out."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def _receive(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError as error:
            raise Closed from error
        if not data:
            raise Closed
        self.buffer += data


def pipeline(port: int, requests: Iterable[bytes], depth: int) -> Iterable[Optional[Answer]]:
    """Sends the requests over one connection, at most `depth` unanswered at a time, and yields an
    answer for each, in order; None for those that were unanswered when the connection ended."""
    source = iter(requests)
    unanswered = 0
    ended = False
    try:
        connection = Connection(port)
    except OSError:
        yield from (None for _ in source)
        return
    with connection:
        while not ended:
            batch = []
            while unanswered + len(batch) < depth and (data := next(source, None)) is not None:
                batch.append(data)
            unanswered += len(batch)
            if not unanswered:
                return
            try:
                connection.send(b"".join(batch))
                # Half is read before more is sent: the server always has something to do.
                for _ in range(max(1, unanswered // 2)):
                    answer = connection.read()
                    unanswered -= 1
                    yield answer
            except (Closed, TimeoutError):
                ended = True
    yield from (None for _ in range(unanswered))
    yield from (None for _ in source)
