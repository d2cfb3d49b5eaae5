"""What clients see: payments and their replays, the reads, and requests in every legal shape."""

import time
import uuid
from decimal import Decimal
from email.utils import parsedate_to_datetime

from harness import Scenario, iso, new_payments, read_ms, wait_until
from switch import amount_text, payment_request
from times import now_ms
from wire import Connection, request

TAKEN = {"message": "Payment processed successfully"}


def new_id() -> str:
    return str(uuid.uuid4())


def body(correlation_id: str, amount: str = "19.90") -> bytes:
    return f'{{"correlationId":"{correlation_id}","amount":{amount}}}'.encode()


class Spine:
    """Two processors that work, and a switch before them."""

    def setUp(self) -> None:
        self.default, self.fallback = self.two_processors()
        self.target = self.switch()


class AcceptingPayments(Spine, Scenario):
    def test_a_payment_is_accepted_and_charged_once_at_the_cheapest(self) -> None:
        payments = new_payments(1)
        (payment, cents), = payments.items()
        answer = self.target.pay(payment, cents)
        self.assertEqual((answer.status, answer.json()), (202, TAKEN))
        self.assertTrue(answer.fields["content-type"].startswith("application/json"))
        self.assertNotIn("idempotent-replayed", answer.fields)
        self.target.settle_all(10)
        self.assertEqual(list(self.default.books()), [payment])
        self.assert_books_equal(self.target, payments)

    def test_an_amount_is_exact_in_every_way_of_writing_it(self) -> None:
        spellings = {"19.9": 1990, "19.90": 1990, "19.900": 1990, "1.99e1": 1990, "199E-1": 1990,
                     "1": 100, "1.0e+1": 1000, "0.01": 1, "1e9": 100_000_000_000,
                     "9999999999.99": 999_999_999_999}
        payments = {}
        for text, cents in spellings.items():
            payments[payment := new_id()] = cents
            self.assertEqual(self.target.post(body(payment, text)).status, 202, text)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, payments)

    def test_a_uuid_may_be_of_any_version_and_any_case(self) -> None:
        ids = [str(uuid.uuid1()), str(uuid.uuid5(uuid.NAMESPACE_DNS, new_id())),
               "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
        for payment in ids:
            self.assertEqual(self.target.post(body(payment.upper())).status, 202, payment)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1990 for payment in ids})

    def test_the_order_of_the_fields_and_a_missing_content_type_do_not_matter(self) -> None:
        first, second = new_id(), new_id()
        text = f'{{ "amount" :1.25,\n"correlation\\u0049d":"{first}"}}'.encode()
        self.assertEqual(self.target.post(text).status, 202)
        bare = (b"POST /payments HTTP/1.1\r\nHost: switch\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body(second)), body(second)))
        self.assertEqual(self.target.call(bare).status, 202)
        typed = self.target.post(body(second), Content_Type="application/json; charset=utf-8")
        self.assertEqual(typed.status, 202)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {first: 125, second: 1990})


class Replaying(Spine, Scenario):
    def test_the_same_payment_again_is_a_replay_in_every_spelling(self) -> None:
        payment = new_id()
        first = self.target.post(body(payment, "19.90"))
        capitals = payment.upper()
        for spelling, amount in ((payment, "19.90"), (payment, "19.9"), (capitals, "1.99e1")):
            answer = self.target.post(body(spelling, amount))
            self.assertEqual((answer.status, answer.body), (202, first.body))
            self.assertEqual(answer.fields["idempotent-replayed"], "true")
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1990})

    def test_another_amount_under_the_same_id_is_422(self) -> None:
        payment = new_id()
        self.assertEqual(self.target.post(body(payment, "19.90")).status, 202)
        answer = self.target.post(body(payment, "19.91"))
        self.assertEqual(answer.status, 422)
        self.assertTrue(answer.fields["content-type"].startswith("application/problem+json"))
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1990})

    def test_replays_in_one_packet_wait_for_the_first(self) -> None:
        payment = new_id()
        amounts = ["5.00", "5", "6.00", "5.0"]
        with Connection(self.target.port) as connection:
            connection.send(b"".join(request("POST", "/payments", body(payment, amount))
                                     for amount in amounts))
            answers = [connection.read() for _ in amounts]
        self.assertEqual([answer.status for answer in answers], [202, 202, 422, 202])
        self.assertEqual(["idempotent-replayed" in answer.fields for answer in answers],
                         [False, True, False, True])
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 500})

    def test_many_connections_with_one_id_charge_it_once(self) -> None:
        payment = new_id()
        connections = [Connection(self.target.port) for _ in range(32)]
        for connection in connections:
            self.addCleanup(connection.close)
            connection.send(payment_request(payment, 777))
        answers = [connection.read() for connection in connections]
        self.assertEqual({answer.status for answer in answers}, {202})
        firsts = [answer for answer in answers if "idempotent-replayed" not in answer.fields]
        self.assertEqual(len(firsts), 1)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 777})

    def test_an_id_is_remembered_across_a_crash(self) -> None:
        payment = new_id()
        self.assertEqual(self.target.pay(payment, 1234).status, 202)
        self.target.settle_all(10)
        self.target.restart()
        again = self.target.pay(payment, 1234)
        self.assertEqual((again.status, again.fields["idempotent-replayed"]), (202, "true"))
        self.assertEqual(self.target.pay(payment, 1235).status, 422)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1234})


class Framing(Spine, Scenario):
    def test_pipelined_requests_are_answered_in_order(self) -> None:
        payments = new_payments(20)
        # Those with an id that is not ours to pay are answered at once, the others after a sync.
        requests, expected = [], []
        for payment, cents in payments.items():
            requests += [payment_request(payment, cents), request("GET", "/"),
                         request("GET", f"/payments/{new_id()}")]
            expected += [202, 200, 404]
        with Connection(self.target.port) as connection:
            connection.send(b"".join(requests))
            statuses = [connection.read().status for _ in requests]
        self.assertEqual(statuses, expected)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, payments)

    def test_more_requests_than_may_be_in_flight_are_all_answered(self) -> None:
        payments = new_payments(500)
        with Connection(self.target.port) as connection:
            connection.send(b"".join(payment_request(*each) for each in payments.items()))
            self.assertEqual({connection.read().status for _ in payments}, {202})
        self.target.settle_all(20)
        self.assert_books_equal(self.target, payments)

    def test_a_chunked_body_is_a_body(self) -> None:
        payment = new_id()
        text = body(payment)
        chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part)
                          for part in (text[:1], text[1:30], text[30:]))
        answer = self.target.call(
            b"POST /payments HTTP/1.1\r\nHost: switch\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n")
        self.assertEqual(answer.status, 202)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1990})

    def test_a_client_that_expects_100_continue_gets_it_first(self) -> None:
        payment = new_id()
        whole = request("POST", "/payments", body(payment), Expect="100-continue")
        head, _, text = whole.partition(b"\r\n\r\n")
        with Connection(self.target.port) as connection:
            self.assertEqual(connection.exchange(head + b"\r\n\r\n").status, 100)
            self.assertEqual(connection.exchange(text).status, 202)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, {payment: 1990})

    def test_a_request_may_come_byte_by_byte(self) -> None:
        payments = new_payments(1)
        (payment, cents), = payments.items()
        with Connection(self.target.port) as connection:
            for byte in payment_request(payment, cents):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read().status, 202)
        self.target.settle_all(10)
        self.assert_books_equal(self.target, payments)

    def test_a_connection_closes_when_the_client_says_so(self) -> None:
        for data in (request("GET", "/", Connection="close"), b"GET / HTTP/1.0\r\n\r\n"):
            with Connection(self.target.port, timeout=5) as connection:
                self.assertEqual(connection.exchange(data).status, 200)
                self.assertTrue(connection.is_closed_by_peer())

    def test_a_client_that_leaves_without_its_answer_has_paid(self) -> None:
        payments = new_payments(50)
        for payment, cents in payments.items():
            with Connection(self.target.port) as connection:
                connection.send(payment_request(payment, cents))
        wait_until(lambda: self.target.count("settled") == len(payments), 10, "all are settled")
        self.assert_books_equal(self.target, payments)


class AnyField(Scenario):
    def test_where_the_operator_says_so_unknown_fields_are_ignored_and_parameters_are_not(
            self) -> None:
        self.two_processors()
        target = self.switch(options={"api": {"unknown_fields": "ignore"}})
        payment = new_id()
        text = (f'{{"note":{{"amount":1,"list":[1,"}}",null]}},"amount":1.25,'
                f'"correlationId":"{payment}","x":true}}').encode()
        self.assertEqual(target.post(text).status, 202)
        self.assertEqual(target.get("/payments?state=settled").status, 400)
        target.settle_all(10)
        self.assert_books_equal(target, {payment: 125})


class Reading(Spine, Scenario):
    def test_the_door_says_hello(self) -> None:
        answer = self.target.get("/").json()
        self.assertEqual((answer["message"], answer["status"]), ("Hello, World!", "success"))
        self.assertLess(abs(answer["timestamp"] - now_ms()), 10_000)

    def test_every_answer_says_its_date(self) -> None:
        self.pay_all(self.target, new_payments(1))
        refused = Connection(self.target.port)
        self.addCleanup(refused.close)
        for answer in (self.target.get("/"), self.target.get("/nothing"), self.target.post(b"{}"),
                       self.target.pay(*next(iter(new_payments(1).items()))),
                       refused.exchange(b"nonsense\r\n\r\n")):
            said = parsedate_to_datetime(answer.fields["date"])
            self.assertTrue(answer.fields["date"].endswith(" GMT"), answer)
            self.assertLess(abs(said.timestamp() * 1000 - now_ms()), 10_000, answer)
        self.target.settle_all(10)

    def test_health_readiness_and_metrics_answer(self) -> None:
        self.assertEqual(self.target.get("/healthz").status, 200)
        wait_until(lambda: self.target.get("/readyz").status == 200, 10, "it is ready")
        kind = self.target.get("/metrics").fields["content-type"]
        self.assertTrue(kind.startswith("text/plain"), kind)
        self.pay_all(self.target, new_payments(10))
        self.target.settle_all(10)
        metrics = self.target.metrics()
        self.assertEqual(metrics['payswitch_payments{state="settled"}'], 10)
        self.assertEqual(metrics["payswitch_backlog"], 0)
        self.assertEqual(metrics["payswitch_accept_seconds_count"], 10)
        self.assertEqual(metrics["payswitch_settlement_seconds_count"], 10)
        if not self.target.redis:
            self.assertEqual(metrics['payswitch_durability{durability="fsync"}'], 1)
            self.assertGreater(metrics["payswitch_sync_seconds_count"], 0)
        taken = [value for name, value in metrics.items()
                 if name.startswith("payswitch_attempts_total{") and 'outcome="taken"' in name]
        self.assertEqual(sum(taken), 10)

    def test_fees_paid_and_saved_are_counted_to_the_cent(self) -> None:
        for amount in ("100.00", "50.00"):
            self.assertEqual(self.target.post(body(new_id(), amount)).status, 202)
        self.target.settle_all(10)
        metrics = self.target.metrics()
        self.assertEqual(metrics["payswitch_fees_paid_total"], 7.5)
        self.assertEqual(metrics["payswitch_fees_saved_total"], 15)

    def test_a_payment_tells_its_whole_story(self) -> None:
        payment, before = new_id(), now_ms()
        self.target.post(body(payment, "19.9"))
        view = self.target.payment(payment.upper(), wait="5s")
        self.assertEqual((view["correlationId"], view["state"], view["amount"], view["processor"]),
                         (payment, "settled", Decimal("19.90"), "default"))
        moments = [read_ms(view[name]) for name in ("acceptedAt", "requestedAt", "settledAt")]
        self.assertEqual(moments[1], self.default.books()[payment].requested_ms)
        self.assertTrue(before <= moments[0] <= moments[2] <= now_ms(), moments)
        (attempt,) = view["attempts"]
        self.assertEqual((attempt["number"], attempt["processor"], attempt["outcome"]),
                         (1, "default", "taken"))

    def test_waiting_ends_with_the_settlement(self) -> None:
        self.default.delay(500)
        self.fallback.delay(500)
        payments = new_payments(1)
        (payment, cents), = payments.items()
        self.target.pay(payment, cents)
        self.assertNotEqual(self.target.payment(payment)["state"], "settled")
        started = time.monotonic()
        self.assertEqual(self.target.payment(payment, wait="20s")["state"], "settled")
        self.assertLess(time.monotonic() - started, 5)
        self.assert_books_equal(self.target, payments)

    def test_waiting_ends_with_the_time_that_was_asked_for(self) -> None:
        self.default.failing(True)
        self.fallback.failing(True)
        payment = new_id()
        self.target.post(body(payment))
        started = time.monotonic()
        view = self.target.payment(payment, wait="700ms")
        self.assertIn(view["state"], ("accepted", "attempting"))
        self.assertTrue(0.65 < time.monotonic() - started < 5)

    def test_processors_are_shown_with_what_is_known_of_them(self) -> None:
        processors = self.target.processors()
        self.assertEqual(list(processors), ["default", "fallback"])
        default = processors["default"]
        self.assertEqual((default["url"], default["fee"]), (self.default.url, Decimal("0.05")))
        self.assertEqual((default["breaker"]["state"], default["inFlight"]), ("closed", 0))
        self.assertGreater(default["limit"], 0)
        wait_until(lambda: (self.target.processors()["default"]["health"] or {})
                   .get("failing") is False, 15, "its health was read")


class Summing(Spine, Scenario):
    def test_an_empty_summary_names_both_processors(self) -> None:
        answer = self.target.get("/payments-summary")
        nothing = {"totalRequests": 0, "totalAmount": 0}
        self.assertEqual(answer.json(), {"default": nothing, "fallback": nothing})

    def test_both_ends_are_inclusive_and_rounded_into_the_window(self) -> None:
        payment = new_id()
        self.target.post(body(payment, "7.25"))
        self.target.settle_all(10)
        ms = self.default.books()[payment].requested_ms
        exact, before, after = iso(ms), iso(ms - 1), iso(ms + 1)
        for window, count in {
            f"from={exact}&to={exact}": 1,
            f"from={exact}": 1,
            f"to={exact}": 1,
            f"from={after}": 0,
            f"to={before}": 0,
            f"from={exact[:-1]}1Z": 0,  # a tenth of a millisecond later: up to the next one
            f"from={before[:-1]}9Z&to={exact[:-1]}9Z": 1,  # down from nine tenths later
            f"to={before[:-1]}999999Z": 0,
        }.items():
            answer = self.target.get(f"/payments-summary?{window}").json()
            expected = {"totalRequests": count, "totalAmount": Decimal("7.25") * count}
            self.assertEqual(answer["default"], expected, window)

    def test_a_time_may_name_its_zone_or_mean_utc(self) -> None:
        payment = new_id()
        self.target.post(body(payment, "7.25"))
        self.target.settle_all(10)
        ms = self.default.books()[payment].requested_ms
        hour = 3_600_000
        plain, east, west = iso(ms)[:-1], iso(ms + 2 * hour)[:-1], iso(ms - 3 * hour)[:-1]
        for text in (plain, f"{plain}Z", f"{east}%2B02:00", f"{west}-03:00",
                     plain.replace(":", "%3A")):
            answer = self.target.get(f"/payments-summary?from={text}&to={text}").json()
            self.assertEqual(answer["default"]["totalRequests"], 1, text)

    def test_sums_add_up_over_many_payments(self) -> None:
        payments = new_payments(3_000)
        self.pay_all(self.target, payments, connections=8)
        self.target.settle_all(60)
        self.assert_books_equal(self.target, payments)
        total = sum(each.cents for each in self.target.summary().values())
        self.assertEqual(amount_text(total), amount_text(sum(payments.values())))
