"""deploy/nginx.conf in front of a real switch: it lets through what clients need and nothing else,
and no address takes all."""

import re
import socket
import sys
import uuid
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Scenario, new_payments, wait_until  # noqa: E402
from process import Process  # noqa: E402
from switch import payment_request  # noqa: E402
from wire import Answer, Connection, pipeline, request  # noqa: E402

ID = "11111111-2222-4333-8444-555555555555"
PUBLIC = {("POST", "/payments"), ("GET", f"/payments/{ID}"), ("HEAD", f"/payments/{ID}"),
          ("GET", "/payments-summary"), ("HEAD", "/payments-summary")}
CONTEST_PEAK = 3_000  # requests a second, from one address


class Nginx:
    """The file of deploy/ with its port, its folders and its members here."""

    def __init__(self, folder: Path, switch_port: int, change: Callable[[str], str]) -> None:
        folder.mkdir()
        self.port = free_port()
        text = (ROOT / "deploy/nginx.conf").read_text()
        text = text.replace("listen 9999", f"listen 127.0.0.1:{self.port}")
        (folder / "nginx.conf").write_text(change(text.replace("/tmp/", f"{folder}/")))
        (folder / "members.conf").write_text(f"server 127.0.0.1:{switch_port};\n")
        self.process = Process(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-g",
                                "daemon off; master_process off;"], folder / "nginx.log")
        self.process.wait_for(self.listens, "nginx listens")

    def listens(self) -> bool:
        try:
            Connection(self.port).close()
            return True
        except OSError:
            return False

    def ask(self, method: str, target: str) -> Answer:
        body = b"{}" if method in ("POST", "PUT") else None
        with Connection(self.port) as connection:
            if method != "HEAD":
                return connection.exchange(request(method, target, body))
            connection.send(request(method, target, Connection="close"))
            said = b""
            while piece := connection.socket.recv(1 << 16):
                said += piece
            return Answer(int(said[9:12]), {}, b"")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class NginxScenario(Scenario):
    stores = ("embedded",)

    def setUp(self) -> None:
        self.two_processors()
        self.target = self.switch()

    def nginx(self, change: Callable[[str], str] = lambda text: text) -> Nginx:
        made = Nginx(self.directory / f"nginx-{uuid.uuid4().hex[:8]}", self.target.port, change)
        self.addCleanup(made.process.end)
        return made

    def replaced(self, pattern: str, text: str) -> Callable[[str], str]:
        def change(conf: str) -> str:
            changed, count = re.subn(pattern, text, conf)
            self.assertEqual(count, 1, pattern)
            return changed
        return change


class PublicRoutes(NginxScenario):
    def test_only_the_routes_that_clients_need_reach_a_switch(self) -> None:
        front = self.nginx()
        paths = ("/", "/payments", "/payments/", f"/payments/{ID}", f"/payments/{ID}/x",
                 "/payments-summary", "/payments-summary/", "/metrics", "/processors", "/healthz",
                 "/readyz", "/admin/purge-payments", "/purge-payments", "//metrics", "/%6detrics",
                 "/payments/../metrics", "/payments/%2e%2e/metrics", "/payments-summary/../readyz")

        def requests_seen() -> float:
            return self.target.metrics()["payswitch_http_requests_total"]

        for path in paths:
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                with self.subTest(f"{method} {path}"):
                    before = requests_seen()
                    answer = front.ask(method, path)
                    reached = requests_seen() - before - 1  # the last question counts itself
                    self.assertEqual(reached == 1, (method, path) in PUBLIC, answer)
                    if not reached:
                        self.assertIn(answer.status, (404, 405))

    def test_what_is_refused_is_said_as_the_switch_says_it(self) -> None:
        front = self.nginx()
        nothing, method = front.ask("GET", "/metrics"), front.ask("GET", "/payments")
        self.assertEqual((nothing.status, method.status), (404, 405))
        self.assertEqual(nothing.json()["type"], "urn:payswitch:problem:not-found")
        self.assertEqual(method.json()["type"], "urn:payswitch:problem:method-not-allowed")
        self.assertEqual(method.fields["allow"], "POST")
        self.assertEqual(front.ask("PUT", "/payments-summary").fields["allow"], "GET, HEAD")
        for answer in (nothing, method):
            self.assertEqual(answer.fields["content-type"], "application/problem+json")

    def test_payments_and_sums_pass(self) -> None:
        front = self.nginx()
        payments = new_payments(100)
        requests = (payment_request(*each) for each in payments.items())
        statuses = [each and each.status for each in pipeline(front.port, requests, 8)]
        self.assertEqual(set(statuses), {202})
        self.target.settle_all(10)
        one = next(iter(payments))
        self.assertEqual(front.ask("GET", f"/payments/{one}?wait=2s").json()["state"], "settled")
        self.assertEqual(front.ask("GET", "/payments-summary?form=x").status, 400)
        total = front.ask("GET", "/payments-summary").json()["default"]["totalRequests"]
        self.assertEqual(total, 100)
        self.assert_books_equal(self.target, payments)


class Limits(NginxScenario):
    def test_an_address_that_asks_too_often_is_429_and_may_come_again(self) -> None:
        front = self.nginx(lambda conf: self.replaced(r"burst=\d+", "burst=4")(
            self.replaced(r"rate=\d+r/s", "rate=2r/s")(conf)))
        data = [request("GET", "/payments-summary")] * 20
        answers = list(pipeline(front.port, data, 20))
        refused = [each for each in answers if each.status == 429]
        self.assertEqual({each.status for each in answers}, {200, 429})
        self.assertGreaterEqual(len(answers) - len(refused), 5, "the burst and one more")
        self.assertEqual(refused[0].fields["retry-after"], "1")
        self.assertEqual(refused[0].json()["type"], "urn:payswitch:problem:too-many-requests")
        wait_until(lambda: front.ask("GET", "/payments-summary").status == 200, 10, "it may again")

    def test_an_address_with_too_many_requests_under_way_is_429(self) -> None:
        front = self.nginx(self.replaced(r"limit_conn connections \d+", "limit_conn connections 2"))
        for each in self.processors:
            each.stop()
        payment, cents = next(iter(new_payments(1).items()))
        self.assertEqual(self.target.pay(payment, cents).status, 202)
        waiting = [Connection(front.port) for _ in range(2)]
        for each in waiting:
            self.addCleanup(each.close)
            each.send(request("GET", f"/payments/{payment}?wait=20s"))
        wait_until(lambda: front.ask("GET", "/payments-summary").status == 429, 10, "two wait")
        waiting[0].close()
        wait_until(lambda: front.ask("GET", "/payments-summary").status == 200, 10, "one has gone")
        for each in self.processors:
            each.cont()

    def test_a_second_of_the_contest_from_one_address_passes(self) -> None:
        front = self.nginx()
        data = (request("GET", "/payments-summary") for _ in range(CONTEST_PEAK))
        statuses = {each and each.status for each in pipeline(front.port, data, 64)}
        self.assertEqual(statuses, {200})
