"""A start on Redis: what cannot mend itself ends it, with one line; what can is waited for, with
the port bound and the reason told."""

import signal
import socket

from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process, run
from redis_server import Redis
from switch import Switch, toml


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Refused(Scenario):
    """Nothing but a person mends it: exit code 2, and one line that says what."""
    store = "redis"

    def assert_refused(self, *parts: str, url: str, **variables: str) -> None:
        config = self.directory / "refused.toml"
        lines = [f'{key} = "{value}"' for key, value in variables.items()]
        config.write_text("\n".join(["[store]", *lines]) + "\n")
        finished = run(["serve", "--config", config, "--listen", "127.0.0.1:0"],
                       {"REDIS_URL": url})
        said = finished.stderr.splitlines()
        self.assertEqual((finished.returncode, len(said)), (2, 1), finished)
        for part in parts:
            self.assertIn(part, said[0])

    def url_of(self, redis: Redis, user_and_password: str, database: str = "") -> str:
        return f"redis://{user_and_password}@127.0.0.1:{redis.port}{database}"

    def test_a_wrong_password(self) -> None:
        redis = self.redis()
        redis.ask(["ACL", "SETUSER", "switch", "on", ">right", "~*", "+@all"])
        self.assert_refused("WRONGPASS", url=self.url_of(redis, "switch:wrong"))
        self.assert_refused("WRONGPASS", url=self.url_of(redis, "nobody:right"))

    def test_a_password_that_is_missing(self) -> None:
        redis = self.redis()
        redis.ask(["CONFIG", "SET", "requirepass", "secret"])
        self.assert_refused("NOAUTH", url=redis.url)

    def test_a_password_where_there_is_none(self) -> None:
        self.assert_refused("without any password", url=self.url_of(self.redis(), ":secret"))

    def test_a_right_that_is_missing(self) -> None:
        redis = self.redis()
        for user, rights in (("a", ["~*", "+@all", "-info"]), ("b", ["~*", "+@all", "-evalsha"]),
                             ("c", ["~*", "+@all", "-hincrby"]), ("d", ["~other:*", "+@all"]),
                             ("e", ["~*", "+@all", "-hset"])):
            redis.ask(["ACL", "SETUSER", user, "on", ">right", *rights])
            with self.subTest(rights=rights):
                self.assert_refused("redis: ", url=self.url_of(redis, f"{user}:right"))

    def test_a_database_that_there_is_not(self) -> None:
        redis = self.redis()
        self.assert_refused("DB index is out of range", url=f"{redis.url}/999")

    def test_certificates_that_cannot_be_read(self) -> None:
        redis = self.redis(tls=True)
        for name, text in (("missing.crt", None), ("broken.crt", "no certificate")):
            path = self.directory / name
            if text:
                path.write_text(text)
            self.assert_refused(name, url=redis.url, ca_file=str(path))


class Waiting(Scenario):
    store = "redis"

    def begin(self, url: str) -> Switch:
        """A switch that has begun to start, on a port that is known beforehand."""
        folder = self.directory / "waiting"
        folder.mkdir()
        target = Switch(folder, [])
        self.switches.append(target)
        target.port = free_port()
        target.config.write_text(toml({"listen": f"127.0.0.1:{target.port}",
                                       "store": {"lease": "1s"}}, self.processors, {}))
        target.process = Process([PAYSWITCH, "serve", "--config", target.config],
                                 folder / "switch.log", {"REDIS_URL": url})
        target.process.wait_for(target._is_alive, "it answers while it waits")
        return target

    def assert_waits(self, target: Switch, why: str) -> None:
        def says_why() -> bool:
            not_ready = target.get("/readyz")
            self.assertEqual(not_ready.status, 503)
            return why in not_ready.body.decode()
        wait_until(says_why, 10, f"/readyz says {why}")
        answer = target.pay(*next(iter(new_payments(1).items())))
        self.assertEqual((answer.status, answer.fields.get("retry-after")), (503, "1"))
        self.assertEqual(target.get("/healthz").status, 200)

    def assert_works(self, target: Switch) -> None:
        wait_until(lambda: target.get("/readyz").status == 200, 20, "it is ready")
        payments = new_payments(20)
        self.pay_all(target, payments)
        wait_until(lambda: target.count("accepted", "attempting", "unknown") == 0, 20, "settled")
        self.assert_books_equal(target, payments)

    def test_a_redis_that_is_not_there_yet(self) -> None:
        self.two_processors()
        redis = self.redis()
        redis.kill9()
        target = self.begin(redis.url)
        self.assert_waits(target, "refused")
        redis.start()
        self.assert_works(target)

    def test_a_replica_until_it_is_the_master(self) -> None:
        self.two_processors()
        redis = self.redis()
        redis.ask(["REPLICAOF", "127.0.0.1", "1"])
        target = self.begin(redis.url)
        self.assert_waits(target, "slave")
        redis.ask(["REPLICAOF", "NO", "ONE"])
        self.assert_works(target)

    def test_a_name_that_does_not_exist(self) -> None:
        target = self.begin("redis://no-such-host.invalid")
        self.assert_waits(target, "no-such-host.invalid")

    def test_a_signal_ends_it_at_once(self) -> None:
        redis = self.redis()
        redis.kill9()
        target = self.begin(redis.url)
        target.process.signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in target.process.said(), 5, "it goes on after SIGHUP")
        self.assert_waits(target, "refused")
        target.terminate()
        self.assertIn(target.process.wait_exit(2), (0, 143))
