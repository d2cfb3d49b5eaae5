"""Our server and nginx read the same bytes: both see the same requests in them, or ours stops
earlier. Each difference that is allowed is written down, with its reason."""

import itertools
import re
from typing import Callable, Iterable, NamedTuple, Optional

from framing import LINE, SENTINEL, Nginx, Ours, Reading, generated, is_same, is_stricter
from harness import Scenario

CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n"
GET = b"GET /g HTTP/1.1\r\nHost: a\r\n"

SAME = [
    LINE + b"Content-Length: 5\r\n\r\nhello",
    LINE + b"Content-Length: 005\r\n\r\nhello",
    LINE + b"Content-Length:5\r\n\r\nhello",
    LINE + b"Content-Length: 5  \r\n\r\nhello",
    LINE + b"Content-Length: 5\r\n\r\nhell",  # the rest of it is the sentinel's beginning
    LINE + b"Content-Length: 0\r\n\r\n",
    LINE + b"\r\n",
    b"\r\n" + GET + b"\r\n",
    GET + b"\r\n" + GET + b"\r\n",
    GET + b"Content-Length: 5\r\n\r\nhello",  # a GET may have a body
    CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n0005\r\nhello\r\n000\r\n\r\n",
    CHUNKED + b"\r\nA\r\nhellohello\r\na\r\nhellohello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n5;name=value;other=\"a;b\"\r\nhello\r\n0;x\r\n\r\n",
    CHUNKED + b"\r\n5 ; name = value\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n00000000000000005\r\nhello\r\n00000000000000000\r\n\r\n",
    LINE + b"Content_Length: 3\r\nContent-Length: 5\r\n\r\nhello",
    LINE + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
    CHUNKED + b"\r\n5\r\nhello\r\n0\r\nTrailer: t\r\n\r\n",
    LINE + b"Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET http://other:80/g?q HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /g HTTP/1.0\r\n\r\n",
    b"GET /g HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    # Neither takes these.
    LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    LINE + b"Content-Length: 5\r\nX: y\r\nContent-Length: 5\r\n\r\nhello",
    LINE + b"Content-Length: 5, 6\r\n\r\nhello",
    LINE + b"Content-Length: 5,\r\n\r\nhello",
    LINE + b"Content-Length: 5;\r\n\r\nhello",
    LINE + b"Content-Length: 5, 5\r\n\r\nhello",
    LINE + b"Content-Length: +5\r\n\r\nhello",
    LINE + b"Content-Length: -5\r\n\r\nhello",
    LINE + b"Content-Length: 0x5\r\n\r\nhello",
    LINE + b"Content-Length: 5 5\r\n\r\nhello",
    LINE + b"Content-Length:\r\n\r\nhello",
    LINE + b"Content-Length: 18446744073709551621\r\n\r\nhello",  # 5, modulo 2^64
    LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello",
    LINE + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: identity\r\n\r\n",
    LINE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    b"POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /p HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    CHUNKED + b"\r\nx\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n-5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",  # 5, modulo 2^64
    CHUNKED + b"\r\n4\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n 5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n5\r\nhello0\r\n\r\n",
    CHUNKED + b"\r\n5\rhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n5;a\nb\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n5;a\rb\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"\r\n5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n",
    b"POST /p HTTP/1.1\rHost: a\r\r",
    LINE + b"X: y\rContent-Length: 5\r\n\r\nhello",
    b"GET /g HTTP/1.1\r\n\r\n",
    b"GET /g HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /g HTTP/1.1\r\nHost: a/b\r\n\r\n",
    b"GET ? HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http:///g HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://a#/g HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET g HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /g HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET /\x00g HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /g\tHTTP/1.1\r\nHost: a\r\n\r\n",
    LINE + b"X: y\r\n Content-Length: 5\r\n\r\nhello",
    LINE + b"X: y\r\n\tz\r\nContent-Length: 5\r\n\r\nhello",
    LINE + b"X:\r\n z\r\nContent-Length: 5\r\n\r\nhello",
    LINE + b"Content-Length:\r\n 5\r\n\r\nhello",
    LINE + b"Content-Length: 5\r\n 6\r\n\r\nhello",
    LINE + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    LINE + b"Transfer-Encoding: chunked\r\n , identity\r\n\r\n0\r\n\r\n",
    b"GET /g HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n",
    LINE + b"Content-Length : 5\r\n\r\nhello",
    LINE + b"Content Length: 5\r\n\r\nhello",
    GET + b"A\x00B: c\r\n\r\n",
    GET + b"A: b\x00c\r\n\r\n",
]

# nginx takes the whole, we do not.
STRICTER = {
    "lines end with CR LF; RFC 9112 2.2 allows a bare LF, and who does not take it differs": [
        b"GET /g HTTP/1.1\nHost: a\n\n",
        LINE + b"Content-Length: 5\n\r\nhello",
        LINE + b"X: y\nContent-Length: 5\r\n\r\nhello",
        LINE + b"Content-Length: 5\r\r\n\r\nhello",
        LINE + b"\nContent-Length: 5\r\n\r\nhello",
        CHUNKED + b"\n5\r\nhello\r\n0\r\n\r\n",
    ],
    "the lines of a chunk end with CR LF as well": [
        CHUNKED + b"\r\n5\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\n0\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0\n\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0;a\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX: y\n\r\n",
        CHUNKED + b"\r\n6\r\nhello\r\n0\r\n\r\n",  # to nginx the sixth byte is the CR
    ],
    "a trailer must not frame the body (RFC 9110 6.5.1)": [
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    "nginx skips what stands in a chunk's extension, whatever it is": [
        CHUNKED + b"\r\n5 \r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5 x\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5;\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5;a\x00b\r\nhello\r\n0\r\n\r\n",
    ],
    "a field without a colon, or with a name that is none, is a line that nginx leaves out": [
        LINE + b"nothing\r\nContent-Length: 5\r\n\r\nhello",
        LINE + b"(x): z\r\nContent-Length: 5\r\n\r\nhello",
    ],
    "one blank line before a request is enough (RFC 9112 2.2)": [
        b"\r\n\r\n" + GET + b"\r\n",
        b"\n" + GET + b"\r\n",
    ],
    "HTTP/0.9 is gone; HTTP/1.2 never came": [
        b"GET /g\r\n",
        b"GET /g HTTP/1.2\r\nHost: a\r\n\r\n",
    ],
    "one space between the parts of a request line (RFC 9112 3)": [
        b"GET  /g HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /g  HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /g HTTP/1.1 \r\nHost: a\r\n\r\n",
    ],
    "a target has no fragment (RFC 9112 3.2)": [
        b"GET /g#x HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    "what is no number of a port is no host": [
        b"GET /g HTTP/1.1\r\nHost: a:b\r\n\r\n",
    ],
}


class Looser(NamedTuple):
    """We take a request that nginx refuses. Never one of a list of framing fields."""
    reason: str
    holds: Callable[[bytes, Reading, Reading], bool]
    examples: list[bytes]


def next_method_is_other(_: bytes, ours: Reading, theirs: Reading) -> bool:
    return ours.requests[len(theirs.requests)].method == "other"


REFUSALS = (400, 501)

LOOSER = [
    Looser("a method is any token (RFC 9110 9.1); nginx knows capitals, `-` and `_`. It says "
           "nothing about the body, and no route takes it", next_method_is_other,
           [b"get /g HTTP/1.1\r\nHost: a\r\n\r\n", b"G+T /g HTTP/1.1\r\nHost: a\r\n\r\n"]),
    Looser("Host may be empty (RFC 9110 7.2); nginx refuses that", lambda data, *_: bool(
        re.search(rb"(?i)\nhost:[ \t]*\r\n", data)), [b"GET /g HTTP/1.1\r\nHost: \r\n\r\n"]),
    Looser("a tab may stand around a value (RFC 9110 5.6.3); to nginx it is a part of it",
           lambda data, *_: bool(re.search(rb":[ ]*\t|\t[ ]*\r\n", data)),
           [LINE + b"Content-Length:\t5\r\n\r\nhello", LINE + b"Content-Length: 5\t\r\n\r\nhello",
            LINE + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n"]),
    Looser("RFC 3986 3.2.2 has more characters in a host than nginx takes in a URL; unused by us",
           lambda data, *_: bool(re.search(rb"(?i) http://[^ /?#]*[^a-z0-9. /?#-]", data)),
           [b"GET http://a_b/g HTTP/1.1\r\nHost: a\r\n\r\n"]),
    Looser("`OPTIONS *` asks after the server itself (RFC 9112 3.2.4); no route takes it",
           lambda data, *_: data.startswith(b"OPTIONS * "),
           [b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"]),
]


# An option of Connection is a token (RFC 9110 7.6.1). nginx closes where a value has it anywhere,
# and reads no more: of what it does read it thinks as we do.
CLOSED_SOONER = re.compile(rb"(?i)\nconnection:[^\n]*close")


class Framing(Scenario):
    def setUp(self) -> None:
        self.nginx = Nginx(self.directory / "nginx")
        self.ours = Ours(self.directory)
        self.addCleanup(self.nginx.process.end)
        self.addCleanup(self.ours.process.end)

    def both(self, case: bytes) -> tuple[Reading, Reading]:
        return self.ours.read(case + SENTINEL), self.nginx.read(case + SENTINEL)

    def test_both_see_the_same_requests(self) -> None:
        for case in SAME:
            with self.subTest(case):
                ours, theirs = self.both(case)
                self.assertTrue(is_same(ours, theirs), f"ours {ours}\nnginx {theirs}")

    def test_where_we_are_stricter_we_read_nothing_more(self) -> None:
        for reason, cases in STRICTER.items():
            for case in cases:
                with self.subTest(case, reason=reason):
                    ours, theirs = self.both(case)
                    self.assertEqual((ours.requests, ours.refused // 100), ([], 4)
                                     if ours.refused != 505 else ([], 5), f"nginx {theirs}")
                    self.assertTrue(theirs.requests, "nginx has become stricter: move the case")

    def test_where_we_are_looser_nginx_refuses(self) -> None:
        for looser in LOOSER:
            for case in looser.examples:
                with self.subTest(case, reason=looser.reason):
                    ours, theirs = self.both(case)
                    self.assertTrue(ours.requests)
                    self.assertEqual(theirs.requests, [])
                    self.assertIn(theirs.refused, REFUSALS)
                    self.assertTrue(looser.holds(case, ours, theirs))

    def test_nginx_closes_where_connection_has_close_in_another_word(self) -> None:
        case = LINE + b"Content-Length: 5\r\nConnection: 0xclose\r\n\r\nhello"
        ours, theirs = self.both(case)
        self.assertEqual((len(ours.requests), len(theirs.requests), theirs.refused), (2, 1, 0))
        self.assertIsNone(self.difference(case))

    def test_thousands_of_mutated_requests(self) -> None:
        """Of one seed; `script/fuzz framing` takes others."""
        self.expect_agreement(itertools.islice(generated(1), 4_000))

    def expect_agreement(self, cases: Iterable[bytes]) -> int:
        """Gives how many there were."""
        count = 0
        for count, case in enumerate(cases, start=1):
            self.assertIsNone(self.difference(case), case)
        return count

    def difference(self, case: bytes) -> Optional[str]:
        """None when they agree, when ours is stricter, or when it may be looser."""
        ours, theirs = self.both(case)
        if is_stricter(ours, theirs):
            return None
        refused = theirs.refused in REFUSALS and is_stricter(theirs, ours)
        if refused and any(looser.holds(case, ours, theirs) for looser in LOOSER):
            return None
        if theirs.refused == 0 and is_stricter(theirs, ours) and CLOSED_SOONER.search(case):
            return None
        return f"ours {ours}\nnginx {theirs}"
