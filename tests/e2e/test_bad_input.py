"""What clients get wrong, byte by byte: each gets a clear answer, and nothing is lost by it."""

import time
import uuid
from typing import Optional

from harness import Scenario, new_payments, wait_until
from switch import in_parallel, payment_request
from wire import Answer, Connection, request

ID = "11111111-2222-4333-8444-555555555555"
BODY_MAX = 16 * 1024


def body(correlation_id: str = ID, amount: str = "1.00") -> bytes:
    return f'{{"correlationId":"{correlation_id}","amount":{amount}}}'.encode()


def padded(size: int) -> bytes:
    """A payment whose body has exactly that size."""
    start = body(str(uuid.uuid4()))[:-1]
    return start + b" " * (size - len(start) - 1) + b"}"


class BadInput:
    """Every test ends by showing that the switch has kept nothing of it and still works."""

    def setUp(self) -> None:
        self.two_processors()
        self.target = self.switch()
        self.kept: dict[str, int] = {}

    def tearDown(self) -> None:
        self.assertEqual(self.target.count("accepted", "attempting", "unknown", "parked"), 0)
        payments = new_payments(1)
        self.pay_all(self.target, payments)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {**self.kept, **payments})

    def assert_problem(self, answer: Answer, status: int, field: Optional[str] = None,
                       what: object = "") -> None:
        self.assertEqual(answer.status, status, (what, answer))
        self.assertTrue(answer.fields["content-type"].startswith("application/problem+json"), what)
        problem = answer.json()
        self.assertTrue(problem["type"].startswith("urn:payswitch:problem:"), problem)
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"])
        if field:
            self.assertEqual(problem.get("field"), field, (what, problem))


class BadPayments(BadInput, Scenario):
    def test_what_is_not_one_json_object_is_400(self) -> None:
        for text in (b"", b" ", b"{", b"hello", b"[]", b'"x"', b"1", b"null", b"true",
                     body() + b"x", body() + body(), body()[:-1], b"\x00" + body(),
                     body().replace(b'"amount"', b"amount"), body().replace(b"1.00", b"1.00,"),
                     body().replace(b"1.00", b"01.00"), body().replace(b"1.00", b".5"),
                     body().replace(b"1.00", b"NaN"), body().replace(b"1.00", b"Infinity"),
                     body().replace(b"1.00", b"+1"), b"[" * 16_000, b'{"a":' * 3_000,
                     body().replace(b"1.00", b'"\xff\xfe"')):
            with self.subTest(text[:60]):
                self.assert_problem(self.target.post(text), 400, what=text[:60])

    def test_a_missing_double_or_mistyped_field_is_400_and_named(self) -> None:
        bad = {
            b'{"amount":1}': "correlationId",
            b'{"correlationId":"%s"}' % ID.encode(): "amount",
            b'{"correlationId":5,"amount":1}': "correlationId",
            b'{"correlationId":null,"amount":1}': "correlationId",
            b'{"correlationId":["%s"],"amount":1}' % ID.encode(): "correlationId",
            body(amount='"1.00"'): "amount",
            body(amount="null"): "amount",
            body(amount="true"): "amount",
            body(amount="{}"): "amount",
            body(amount="[1]"): "amount",
            body()[:-1] + b',"amount":1.00}': "amount",
            body()[:-1] + b',"correlationId":"%s"}' % ID.encode(): "correlationId",
        }
        for text, field in bad.items():
            with self.subTest(text):
                self.assert_problem(self.target.post(text), 400, field, text)

    def test_an_unknown_field_is_400_and_named_with_the_nearest_one(self) -> None:
        bad = {
            b',"currency":"USD"': ("currency", "known fields: correlationId, amount"),
            b',"Amount":1': ("Amount", "did you mean 'amount'?"),
            b',"correlation_id":1': ("correlation_id", "did you mean 'correlationId'?"),
            b',"note":{"amount":1}': ("note", "known fields:"),
            b',"' + b"x" * 5_000 + b'":1': ("x" * 64, "known fields:"),
        }
        for text, (field, detail) in bad.items():
            with self.subTest(text[:40]):
                answer = self.target.post(body()[:-1] + text + b"}")
                self.assert_problem(answer, 400, field, text[:40])
                self.assertIn("unknown field; ", answer.json()["detail"])
                self.assertIn(detail, answer.json()["detail"])

    def test_what_is_not_a_uuid_is_400(self) -> None:
        for text in ("", "1", ID[:-1], ID + "0", f"{{{ID}}}", ID.replace("-", ""), f" {ID}",
                     ID.replace("5", "g"), ID.replace("-", "_"), f"urn:uuid:{ID}",
                     "1111111-12222-4333-8444-555555555555", ID[:-1] + "\\u0000"):
            with self.subTest(text):
                self.assert_problem(self.target.post(body(text)), 400, "correlationId", text)

    def test_what_is_not_an_amount_is_400(self) -> None:
        for text in ("0", "0.00", "0e5", "-0", "-1", "-0.01", "19.905", "1e-3", "0.001", "1.2345e1",
                     "10000000000", "9999999999.995", "9999999999.991", "1e10", "1e400", "9" * 400):
            with self.subTest(text[:40]):
                self.assert_problem(self.target.post(body(amount=text)), 400, "amount", text[:40])

    def test_an_exponent_that_nobody_can_count_is_400(self) -> None:
        for text in ("1e99999999999999999999", "1e-99999999999999999999"):
            self.assert_problem(self.target.post(body(amount=text)), 400, "amount", text)

    def test_an_exponent_beyond_all_measure_is_400(self) -> None:
        for text in ("1e99999999999999999999", "1e-99999999999999999999"):
            with self.subTest(text):
                self.assert_problem(self.target.post(body(amount=text)), 400, None, text)

    def test_a_wrong_content_type_is_415(self) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            answer = self.target.post(body(), Content_Type=kind)
            self.assert_problem(answer, 415, what=kind)

    def test_another_charset_or_a_coded_body_is_415(self) -> None:
        for kind in ("application/json; charset=iso-8859-1", "application/json;charset=\"utf-16\""):
            answer = self.target.post(body(), Content_Type=kind)
            self.assert_problem(answer, 415, "Content-Type", kind)
        for coding in ("gzip", "identity, gzip", "br"):
            answer = self.target.post(body(), Content_Encoding=coding)
            self.assert_problem(answer, 415, "Content-Encoding", coding)
            self.assertEqual(answer.fields["accept-encoding"], "identity")

    def test_utf_8_and_the_coding_that_is_none_are_taken(self) -> None:
        self.kept = new_payments(3)
        ways = ({"Content_Type": "application/json; charset=UTF-8"},
                {"Content_Type": 'application/json; Charset="utf-8"'},
                {"Content_Encoding": "identity"})
        for fields, (payment, cents) in zip(ways, self.kept.items()):
            text = body(payment, f"{cents / 100:.2f}")
            self.assertEqual(self.target.post(text, **fields).status, 202, fields)
        self.target.settle_all(10)

    def test_a_bad_request_does_not_end_the_connection(self) -> None:
        payments = new_payments(2)
        first, second = (payment_request(*each) for each in payments.items())
        bad = request("POST", "/payments", body(amount="0"))
        with Connection(self.target.port) as connection:
            connection.send(first + bad + second)
            statuses = [connection.read().status for _ in range(3)]
        self.assertEqual(statuses, [202, 400, 202])
        self.kept = payments
        self.target.settle_all(10)


class BadReads(BadInput, Scenario):
    def test_an_unknown_path_is_404(self) -> None:
        for path in ("/nothing", "/payments-summary/", "/admin/purge-payments", "//", "/metrics/x"):
            self.assert_problem(self.target.get(path), 404, what=path)

    def test_an_unknown_payment_is_404_and_a_bad_id_is_no_payment(self) -> None:
        self.assert_problem(self.target.get(f"/payments/{ID}"), 404)
        for text in ("not-a-uuid", "", f"{ID}/x"):
            self.assertIn(self.target.get(f"/payments/{text}").status, (400, 404), text)

    def test_a_wrong_method_is_405_and_the_right_ones_are_named(self) -> None:
        for method, path, allowed in (
            ("DELETE", "/payments", "POST"), ("PUT", "/payments", "GET"), ("PUT", "/", "GET"),
            ("POST", "/payments-summary", "GET"), ("POST", f"/payments/{ID}", "GET"),
            ("PATCH", "/metrics", "GET"), ("POST", "/processors", "GET"),
            ("DELETE", "/healthz", "GET"),
        ):
            text = None if method == "GET" else b"{}"
            answer = self.target.call(request(method, path, text))
            self.assert_problem(answer, 405, what=(method, path))
            self.assertIn(allowed, answer.fields["allow"].replace(" ", "").split(","))

    def test_a_bad_time_is_400_and_named(self) -> None:
        for text in ("yesterday", "2025-02-30T00:00:00Z", "2025-07-08", "1", "2025-07-08T25:00:00Z",
                     "2025-07-08T12:00:00+99:00", "2025-07-08T12:00:00Zx"):
            for end in ("from", "to"):
                for path in ("/payments-summary", "/payments"):
                    answer = self.target.get(f"{path}?{end}={text}")
                    self.assert_problem(answer, 400, end, text)

    def test_from_after_to_is_400(self) -> None:
        later, earlier = "2025-07-08T12:00:00.001Z", "2025-07-08T12:00:00Z"
        answer = self.target.get(f"/payments-summary?from={later}&to={earlier}")
        self.assert_problem(answer, 400)

    def test_an_unknown_parameter_is_400_and_named_on_every_route(self) -> None:
        bad = {
            "/payments?state=unknown": ("state", "known parameters: from, to, cursor"),
            "/payments-summary?form=2020-01-01T00:00:00Z": ("form", "did you mean 'from'?"),
            "/payments-summary?from=2020-01-01T00:00:00Z&until=x": ("until", "known parameters: "),
            f"/payments/{ID}?wiat=1s": ("wiat", "did you mean 'wait'?"),
            f"/payments/{ID}?from=x": ("from", "known parameters: wait"),
            "/payments?" + "x" * 5_000: ("x" * 64, "known parameters:"),
        }
        for path in ("/", "/healthz", "/readyz", "/metrics", "/processors"):
            bad[f"{path}?_=17"] = ("_", "this path takes none")
        for target, (field, detail) in bad.items():
            with self.subTest(target[:60]):
                answer = self.target.get(target)
                self.assert_problem(answer, 400, field, target[:60])
                self.assertIn("unknown parameter; ", answer.json()["detail"])
                self.assertIn(detail, answer.json()["detail"])
        answer = self.target.call(request("POST", "/payments?dry_run=1", body()))
        self.assert_problem(answer, 400, "dry_run")

    def test_a_bad_wait_is_400_and_named(self) -> None:
        for text in ("2", "soon", "-1s", "2x", "99999999999999999999s"):
            answer = self.target.get(f"/payments/{ID}?wait={text}")
            self.assert_problem(answer, 400, "wait", text)


class BadBytes(BadInput, Scenario):
    def test_a_body_of_16_kib_is_taken_and_one_byte_more_is_413(self) -> None:
        self.assertEqual(self.target.post(padded(BODY_MAX)).status, 202)
        self.assert_problem(self.target.post(padded(BODY_MAX + 1)), 413)
        self.target.settle_all(10)
        self.kept = {payment: 100 for each in self.processors for payment in each.books()}
        self.assertEqual(len(self.kept), 1)

    def test_a_chunked_body_beyond_16_kib_is_413(self) -> None:
        head = (b"POST /payments HTTP/1.1\r\nHost: switch\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")
        text = padded(BODY_MAX + 1)
        self.assert_problem(self.target.call(head + b"%x\r\n%s\r\n" % (len(text), text)), 413)

    def test_a_too_large_length_is_413_before_the_body_is_read(self) -> None:
        for length in (BODY_MAX + 1, 10**12, 10**30):
            for expect in (b"", b"Expect: 100-continue\r\n"):
                head = (b"POST /payments HTTP/1.1\r\nHost: switch\r\n%sContent-Length: %d\r\n\r\n"
                        % (expect, length))
                answer = self.target.call(head)
                # A length that no machine can count may be called malformed.
                status = 400 if length == 10**30 and answer.status == 400 else 413
                self.assert_problem(answer, status, what=head)

    def test_headers_beyond_8_kib_are_431(self) -> None:
        self.assertEqual(self.target.call(request("GET", "/", X=7_000 * "x")).status, 200)
        self.assert_problem(self.target.call(request("GET", "/", X=9_000 * "x")), 431)
        many = {f"x{number}": "y" * 40 for number in range(300)}
        self.assert_problem(self.target.call(request("GET", "/", **many)), 431)

    def test_two_ways_to_frame_a_body_are_400(self) -> None:
        text = body(str(uuid.uuid4()))
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
        for fields, content in (
            (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(chunked), chunked),
            (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunked),
            (b"Content-Length: %d\r\nContent-Length: 5\r\n" % len(text), text),
            (b"Content-Length: 5, %d\r\n" % len(text), text),
            (b"Content-Length : %d\r\n" % len(text), text),
            (b"Content Length: %d\r\n" % len(text), text),
            (b"Content-Length: -1\r\n", text),
            (b"Content-Length: 0x10\r\n", text),
            (b"Transfer-Encoding: chunked\r\n", b"zz\r\n" + text),
        ):
            with self.subTest(fields), Connection(self.target.port, timeout=5) as connection:
                line = b"POST /payments HTTP/1.1\r\nHost: switch\r\n"
                connection.send(line + fields + b"\r\n" + content)
                self.assert_problem(connection.read(), 400, what=fields)
                self.assertTrue(connection.is_closed_by_peer(), "it must not read on")

    def test_bytes_that_are_not_http_are_400(self) -> None:
        line = b"GET / HTTP/1.1\r\n"
        for data in (b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", line + b"bad\r\n\r\n",
                     line + b" Host: x\r\n\r\n", line + b"A\x00B: x\r\n\r\n"):
            with self.subTest(data):
                self.assert_problem(self.target.call(data), 400, what=data)

    def test_a_request_line_without_a_version_is_400_at_once(self) -> None:
        for line in (b"GET /\r\n", b"GET / \r\n", b"GET /\n", b"POST /payments\r\n"):
            with self.subTest(line), Connection(self.target.port, timeout=5) as connection:
                self.assert_problem(connection.exchange(line), 400, what=line)
                self.assertTrue(connection.is_closed_by_peer())

    def test_the_asterisk_is_for_options_alone(self) -> None:
        for method in ("GET", "HEAD", "DELETE"):
            answer = self.target.call(request(method, "*", Connection="close"))
            self.assertEqual(answer.status, 400, method)
        self.assertEqual(self.target.call(request("OPTIONS", "*")).status, 404)

    def test_a_body_whose_last_coding_is_not_chunked_is_400_and_ends_the_connection(self) -> None:
        for coding, status in (("gzip", 400), ("chunked, gzip", 400), ("identity", 400),
                               ("chunked, chunked", 400), ("gzip, chunked", 501)):
            data = request("POST", "/payments", Transfer_Encoding=coding) + b"0\r\n\r\n"
            with self.subTest(coding), Connection(self.target.port, timeout=5) as connection:
                self.assert_problem(connection.exchange(data), status, what=coding)
                self.assertTrue(connection.is_closed_by_peer())

    def test_an_unknown_expectation_is_417(self) -> None:
        self.assert_problem(self.target.post(body(), Expect="a-miracle"), 417)

    def test_what_comes_slower_than_10_s_is_408(self) -> None:
        whole = request("POST", "/payments", body())
        half_a_head, half_a_body = whole[:30], whole[:-5]
        answers: dict[bytes, Answer] = {}

        def trickle(data: bytes) -> None:
            with Connection(self.target.port, timeout=20) as connection:
                answers[data] = connection.exchange(data)

        started = time.monotonic()
        in_parallel(trickle, [half_a_head, half_a_body])
        self.assertTrue(9 < time.monotonic() - started < 16)
        for data in (half_a_head, half_a_body):
            self.assert_problem(answers[data], 408, what=data)


class BeyondTheLimits(Scenario):
    def test_a_payment_too_many_is_503_and_a_replay_is_not(self) -> None:
        for each in self.two_processors():
            each.failing(True)
        target = self.switch(options={"limits": {"open_payments": 5}})
        payments = new_payments(5)
        self.pay_all(target, payments, connections=1)
        (payment, cents), = new_payments(1).items()
        refused = target.pay(payment, cents)
        self.assertEqual(refused.status, 503)
        self.assertGreater(int(refused.fields["retry-after"]), 0)
        self.assertTrue(refused.fields["content-type"].startswith("application/problem+json"))
        known = next(iter(payments.items()))
        self.assertEqual(target.pay(*known).status, 202)
        self.assertEqual(target.pay(known[0], known[1] + 1).status, 422)

        for each in self.processors:
            each.failing(False)
        target.settle_all(30)
        self.assertEqual(target.pay(payment, cents).status, 202)
        target.settle_all(30)
        self.assert_books_equal(target, {**payments, payment: cents})

    def test_a_connection_too_many_is_503_and_closed(self) -> None:
        self.two_processors()
        target = self.switch(options={"limits": {"connections": 4}})
        connections: list[Connection] = []

        def four_are_open() -> bool:
            """The one that asked whether the switch is alive may not be gone yet."""
            connection = Connection(target.port, timeout=5)
            if connection.exchange(request("GET", "/")).status == 200:
                connections.append(connection)
            else:
                connection.close()
            return len(connections) == 4
        wait_until(four_are_open, 5, "four connections are open")

        with Connection(target.port, timeout=5) as connection:
            answer = connection.exchange(request("GET", "/"))
            self.assertEqual((answer.status, "retry-after" in answer.fields), (503, True))
            self.assertTrue(connection.is_closed_by_peer())
        for connection in connections:
            self.assertEqual(connection.exchange(request("GET", "/")).status, 200)
            connection.close()
        wait_until(lambda: target.get("/healthz").status == 200, 5, "there is room again")
