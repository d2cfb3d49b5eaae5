"""What RFC 9112 and RFC 9110 ask of a server, in 33 cases: where a request ends too early the
server waits for the rest, what is well-formed is answered, and what is not is refused. They cover
what uNetworking's h1spec covers; each names the section that it comes from."""

import uuid
from typing import NamedTuple

from harness import Scenario
from switch import in_parallel
from wire import Connection, request

WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SILENCE = 0.5  # seconds in which no answer comes
GET = b"GET / HTTP/1.1\r\nHost: example.com\r\n"

# A recipient reads a message until it is whole, in whatever pieces it comes (RFC 9112 2.2 and 6.3).
BEGINNINGS = {
    "a part of the method": b"G",
    "the method": b"GET ",
    "the target": b"GET /",
    "the target and its space": b"GET / ",
    "a part of the version": b"GET / HTTP",
    "the version": b"GET / HTTP/1.1",
    "half the end of the request line": b"GET / HTTP/1.1\r",
    "the request line": b"GET / HTTP/1.1\r\n",
    "a part of a field's name": b"GET / HTTP/1.1\r\nHos",
    "a field's name": b"GET / HTTP/1.1\r\nHost:",
    "a field's name and a space": b"GET / HTTP/1.1\r\nHost: ",
    "a field's value": b"GET / HTTP/1.1\r\nHost: localhost",
    "half the end of a field": b"GET / HTTP/1.1\r\nHost: localhost\r",
    "a field": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half the end of the header": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r",
}


def payment() -> bytes:
    return f'{{"correlationId":"{uuid.uuid4()}","amount":1.00}}'.encode()


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])


class Case(NamedTuple):
    name: str
    section: str
    data: bytes
    statuses: tuple[int, ...]


ANSWERED = [
    Case("a GET", "RFC 9112 3", GET + b"\r\n", (200,)),
    Case("a name in any case, a tab before the value, and an empty value", "RFC 9110 5.1, 5.5",
         b"GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n", (200,)),
    Case("a value of spaces only", "RFC 9110 5.5", GET + b"X-Empty-Header: \r\n\r\n", (200,)),
    Case("an expectation of 100-continue", "RFC 9110 10.1.1",
         GET + b"Expect: 100-continue\r\n\r\n", (100, 200)),
    Case("a body with its length", "RFC 9112 6.2", request("POST", "/payments", payment()), (202,)),
    Case("a body in chunks", "RFC 9112 7.1",
         b"POST /payments HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
         + chunked(payment()), (202,)),
]

REFUSED = [
    Case("a request line without a version", "RFC 9112 3", b"GET / \r\n\r\n", (400,)),
    Case("a character that no name has", "RFC 9110 5.1, 5.6.2",
         GET + b"X-Invalid[]: test\r\n\r\n", (400,)),
    Case("no Host", "RFC 9112 3.2", b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", (400,)),
    Case("two Hosts", "RFC 9112 3.2", GET + b"Host: example.org\r\n\r\n", (400,)),
    Case("a negative length beyond every number", "RFC 9110 8.6",
         GET + b"Content-Length: -123456789123456789123456789\r\n\r\n", (400,)),
    Case("a negative length", "RFC 9110 8.6", GET + b"Content-Length: -1234\r\n\r\n", (400,)),
    Case("a length that is no number", "RFC 9110 8.6",
         GET + b"Content-Length: abc\r\n\r\n", (400,)),
    Case("a control character in a value", "RFC 9110 5.5",
         GET + b"X-Bad: test\x07\r\n\r\n", (400,)),
    Case("a version that there is not", "RFC 9112 2.3, RFC 9110 15.6.6",
         b"GET / HTTP/9.9\r\nHost: example.com\r\n\r\n", (505,)),
    Case("words before the method", "RFC 9112 3", b"Extra line" + GET + b"\r\n", (400,)),
    Case("a bare CR in the header", "RFC 9112 2.2", GET + b"\rSome-Header: Test\r\n\r\n", (400,)),
    Case("a length and a transfer coding", "RFC 9112 6.1, 6.3",
         GET + b"Transfer-Encoding: chunked\r\ncontent-LENGTH: 5\r\n\r\n", (400,)),
]


class Conformance(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        self.two_processors()
        self.target = self.switch()

    def test_there_are_33_cases(self) -> None:
        self.assertEqual(len(BEGINNINGS) + len(ANSWERED) + len(REFUSED), 33)

    def test_the_beginning_of_a_request_is_awaited_to_its_end(self) -> None:
        failed: list[str] = []

        def send_in_two(names: list[str]) -> None:
            [name] = names
            with Connection(self.target.port, timeout=SILENCE) as connection:
                connection.send(BEGINNINGS[name])
                try:
                    failed.append(f"{name}: {connection.socket.recv(1024)!r}")
                    return
                except TimeoutError:
                    connection.socket.settimeout(10)
                status = connection.exchange(WHOLE[len(BEGINNINGS[name]):]).status
                if status != 200:
                    failed.append(f"{name}: {status} in the end")

        in_parallel(send_in_two, [[name] for name in BEGINNINGS])
        self.assertEqual(failed, [])

    def test_what_is_well_formed_is_answered(self) -> None:
        for case in ANSWERED:
            with self.subTest(case.name), Connection(self.target.port, timeout=5) as connection:
                self.assertIn(connection.exchange(case.data).status, case.statuses, case.section)
        self.target.settle_all(10)

    def test_what_is_not_is_refused_and_the_connection_ends(self) -> None:
        for case in REFUSED:
            with self.subTest(case.name), Connection(self.target.port, timeout=5) as connection:
                self.assertIn(connection.exchange(case.data).status, case.statuses, case.section)
                self.assertTrue(connection.is_closed_by_peer(), case.section)
