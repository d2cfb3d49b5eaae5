"""Clients that wait for payments, and go away."""

import time

from harness import Scenario, new_payments, wait_until
from wire import Connection, request

MAX_WAITERS_OF_ONE = 16
MAX_PIPELINED = 64
CONNECTIONS = 157  # with as many pipelined requests each, they are more than may wait


def waiting_for(payment: str) -> bytes:
    return request("GET", f"/payments/{payment}?wait=60s")


class Waiting(Scenario):
    def setUp(self) -> None:
        self.default, self.fallback = self.two_processors()
        self.target = self.switch()
        for each in (self.default, self.fallback):
            each.delay(300_000)

    def test_clients_that_have_gone_hold_no_places_of_those_who_wait(self) -> None:
        payments = list(new_payments(MAX_PIPELINED * CONNECTIONS // MAX_WAITERS_OF_ONE + 1))
        self.pay_all(self.target, dict.fromkeys(payments, 100))
        last = payments.pop()
        gone = [Connection(self.target.port) for _ in range(CONNECTIONS)]
        for place, connection in enumerate(gone):
            self.addCleanup(connection.close)
            connection.send(b"".join(
                waiting_for(payments[(place * MAX_PIPELINED + n) % len(payments)])
                for n in range(MAX_PIPELINED)))
        with Connection(self.target.port) as waiter:
            short = request("GET", f"/payments/{last}?wait=1ms")
            wait_until(lambda: waiter.exchange(short).status == 503, 20, "every place is taken")
            for connection in gone:
                connection.close()
            wait_until(lambda: waiter.exchange(short).status == 200, 5, "places are given back")

    def test_sixteen_wait_for_one_payment_and_the_next_is_told_so(self) -> None:
        payment, other = new_payments(2)
        self.pay_all(self.target, {payment: 100, other: 100})
        def requests() -> float:
            return self.target.metrics()["payswitch_http_requests_total"]

        polls = 0

        def sixteen_wait() -> bool:
            nonlocal polls
            polls += 1
            return requests() - before >= MAX_WAITERS_OF_ONE + polls

        with Connection(self.target.port) as clients, Connection(self.target.port) as late:
            before = requests()
            clients.send(waiting_for(payment) * MAX_WAITERS_OF_ONE)
            wait_until(sixteen_wait, 10, "sixteen wait")
            answer = late.exchange(request("GET", f"/payments/{payment}?wait=1ms"))
            self.assertEqual(answer.status, 503)
            self.assertTrue(answer.json()["type"].endswith("too-many-waiters"))
            answer = late.exchange(request("GET", f"/payments/{other}?wait=1ms"))
            self.assertEqual(answer.status, 200)

    def test_a_client_that_ends_its_half_is_answered_with_the_state_of_now(self) -> None:
        (payment,) = new_payments(1)
        self.pay_all(self.target, {payment: 100})
        with Connection(self.target.port) as client:
            client.send(waiting_for(payment))
            client.socket.shutdown(1)
            started = time.monotonic()
            self.assertEqual(client.read().status, 200)
            self.assertLess(time.monotonic() - started, 10)
