"""Starting and ending: options, what stops a start, one owner a directory, and the drain."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unicodedata
from decimal import Decimal
from pathlib import Path

from harness import Scenario, new_payments, wait_until
from process import PAYSWITCH, Process, environment, run
from switch import Load
from wire import Connection, request

ROOT = Path(__file__).resolve().parents[2]


class Options(Scenario):
    stores = ("embedded",)

    def durability(self, *flags: str, **variables: str) -> str:
        target = self.switch([], start=False, options={"durability": "os"})
        target.start(*flags, extra=variables)
        shown = [name for name, value in target.metrics().items()
                 if name.startswith("payswitch_durability{") and value == 1]
        target.end()
        self.assertEqual(len(shown), 1, shown)
        return re.search(r'"(\w+)"', shown[0])[1]

    def test_a_flag_beats_the_environment_which_beats_the_file(self) -> None:
        self.assertEqual(self.durability(), "os")
        self.assertEqual(self.durability(DURABILITY="memory"), "memory")
        self.assertEqual(self.durability("--durability", "fsync", DURABILITY="memory"), "fsync")

    def test_the_environment_alone_is_enough(self) -> None:
        default, fallback = self.two_processors()
        data = self.directory / "books"
        process = Process([PAYSWITCH, "serve"], self.directory / "switch.log",
                          {"PORT": "0", "DATA": str(data), "PROCESSOR_DEFAULT_URL": default.url,
                           "PROCESSOR_FALLBACK_URL": fallback.url, "DURABILITY": "os"})
        self.addCleanup(process.end)
        target = self.switch(start=False)
        target.adopt(process)
        fees = {name: each["fee"] for name, each in target.processors().items()}
        self.assertEqual(fees, {"default": Decimal("0.05"), "fallback": Decimal("0.15")})
        payments = new_payments(20)
        self.pay_all(target, payments)
        target.settle_all(10)
        self.assert_books_equal(target, payments)
        self.assertTrue(data.is_dir())
        self.assertEqual(target.drain(), 0)

    def test_the_start_line_says_what_runs(self) -> None:
        self.two_processors()
        target = self.switch()
        line = next(each for each in target.process.said().splitlines() if "listening on" in each)
        for part in ("payswitch 0.1.0", str(target.data), "fsync", "default", "fallback",
                     f"127.0.0.1:{target.port}"):
            self.assertIn(part, line)

    def test_the_example_file_is_sound_and_starts(self) -> None:
        example = ROOT / "payswitch.example.toml"
        self.assertEqual(run(["check", example]).returncode, 0)
        process = Process([PAYSWITCH, "serve", "--config", example, "--listen", "127.0.0.1:0",
                           "--data", self.directory / "data"], self.directory / "switch.log")
        self.addCleanup(process.end)
        target = self.switch([], start=False)
        target.adopt(process)
        self.assertEqual(target.get("/").status, 200)
        self.assertEqual(target.drain(), 0)

    def test_without_processors_payments_are_kept_for_later(self) -> None:
        target = self.switch([])
        self.assertIn("warn", target.process.said().lower())
        not_ready = target.get("/readyz")
        self.assertEqual(not_ready.status, 503)
        self.assertIn("processor", not_ready.body.decode())
        payments = new_payments(20)
        self.pay_all(target, payments)
        self.assertEqual(target.count("accepted"), 20)
        self.assertEqual(target.drain(), 0)

        self.two_processors()
        target.configure(self.processors)
        target.start()
        target.settle_all(10)
        self.assert_books_equal(target, payments)


class CommandLine(Scenario):
    stores = ("embedded",)

    def assert_one_line(self, finished: subprocess.CompletedProcess, *parts: str) -> None:
        """Exit code 2, and one line that a person can act on."""
        lines = (finished.stdout + finished.stderr).splitlines()
        self.assertEqual((finished.returncode, len(lines)), (2, 1), finished)
        for part in parts:
            self.assertIn(part, lines[0])

    def serve(self, *flags, url: str = "http://127.0.0.1:9",
              listen: str = "127.0.0.1:0") -> subprocess.CompletedProcess:
        return run(["serve", "--listen", listen, *flags], {"PROCESSOR_DEFAULT_URL": url})

    def file(self, text: str) -> Path:
        path = self.directory / "some.toml"
        path.write_text(text)
        return path

    def test_version_and_help_answer(self) -> None:
        version = run(["--version"])
        self.assertEqual((version.returncode, version.stderr), (0, ""))
        self.assertRegex(version.stdout, r"^payswitch 0\.1\.0\b")
        overview = run(["--help"])
        self.assertEqual(overview.returncode, 0)
        self.assertIn("serve", overview.stdout)
        options = run(["serve", "--help"])
        self.assertEqual(options.returncode, 0)
        for part in ("--listen", "--data", "--durability", "--patience", "--config", "PORT",
                     "PROCESSOR_DEFAULT_URL", "127.0.0.1:9999", "payswitch-data"):
            self.assertIn(part, options.stdout)

    def test_check_reads_a_file_and_starts_nothing(self) -> None:
        good = self.file(f'listen = "127.0.0.1:0"\ndata = "{self.directory}/data"\n')
        self.assertEqual(run(["check", good]).returncode, 0)
        self.assertFalse((self.directory / "data").exists())
        self.assert_one_line(run(["check", self.directory / "absent.toml"]), "absent.toml")

    def test_an_unknown_key_is_an_error_with_the_nearest_name(self) -> None:
        for text, nearest in (('listn = "127.0.0.1:0"', "listen"),
                              ("[limits]\nconnection = 5", "connections"),
                              ("[brekaer]\nrest = \"5s\"", "breaker"),
                              ('[[processor]]\nname = "a"\nurl = "http://127.0.0.1:1"\nfees = 0.1',
                               "fee")):
            self.assert_one_line(run(["check", self.file(text)]), nearest)
        self.assert_one_line(run(["serve", "--durabilty", "os"]), "--durability")

    def test_what_is_said_of_a_bad_value_is_short_and_has_no_control_character(self) -> None:
        for bad in ("--\u009b31m", "--durability=\u009b2J\u0085", b"--data=/no/\x9b31m/\x1b[2J",
                    "--listen=" + "x" * 100_000):
            finished = subprocess.run([PAYSWITCH, "serve", bad], stdin=subprocess.DEVNULL,
                                      capture_output=True, env=environment({}), timeout=20)
            said = finished.stderr.decode()
            self.assertEqual((finished.returncode, said.count("\n")), (2, 1), said)
            self.assertLess(len(said), 1_100)
            self.assertEqual([each for each in said[:-1] if unicodedata.category(each) == "Cc"], [])

    def test_a_bad_value_is_an_error_that_names_its_key(self) -> None:
        for text, key in (('durability = "maybe"', "durability"), ('patience = "5"', "patience"),
                          ("listen = 9999", "listen"), ('listen = "127.0.0.1:99999"', "listen"),
                          ('[limits]\nopen_payments = "many"', "open_payments"),
                          ("[limits]\nopen_payments = -1", "open_payments")):
            self.assert_one_line(run(["check", self.file(text)]), key)
        self.assert_one_line(run(["check", self.file("listen = ")]), "some.toml")

    def test_a_url_that_is_none_ends_the_start(self) -> None:
        for url in ("127.0.0.1", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "a b"):
            self.assert_one_line(self.serve("--data", self.directory / "data", url=url), url)

    def test_a_port_in_use_ends_the_start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            finished = self.serve("--data", self.directory / "data", listen=address)
            self.assert_one_line(finished, address)

    def test_a_directory_that_cannot_be_written_ends_the_start(self) -> None:
        blocked = self.file("") / "data"
        self.assert_one_line(self.serve("--data", blocked), str(blocked))

    def limited(self, *prefix: str) -> subprocess.CompletedProcess:
        """A start under limits: to its end, or to its start line."""
        data = Path(tempfile.mkdtemp(dir=self.directory))
        data.chmod(0o777)
        self.directory.chmod(0o755)
        command = [*prefix, str(PAYSWITCH), "serve", "--listen", "127.0.0.1:0", "--data",
                   str(data / "books")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env=environment({}))
        try:
            said = ""
            for line in process.stderr:
                said += line
                if "listening on" in line:
                    process.kill()
            return subprocess.CompletedProcess(command, process.wait(), "", said)
        finally:
            process.kill()
            process.stderr.close()
            process.wait()

    def test_too_few_threads_end_the_start(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("only root may start the switch as somebody else")
        somebody = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
        for threads in range(1, 6):
            finished = self.limited(*somebody, "prlimit", f"--nproc={threads}")
            self.assert_one_line(finished, "threads", "RLIMIT_NPROC")

    def test_too_few_descriptors_end_the_start(self) -> None:
        started = False
        for files in range(4, 80):
            finished = self.limited("prlimit", f"--nofile={files}:{files}")
            if "error while loading shared libraries" in finished.stderr:
                continue
            if started := "listening on" in finished.stderr:
                break
            self.assertEqual((finished.returncode, finished.stderr.count("\n")), (2, 1), finished)
        self.assertTrue(started)

    def test_a_second_process_on_the_same_directory_is_refused(self) -> None:
        self.two_processors()
        target = self.switch()
        self.assert_one_line(self.serve("--data", target.data), str(target.data))
        payments = new_payments(20)
        self.pay_all(target, payments)
        target.settle_all(10)
        self.assert_books_equal(target, payments)


class Ending(Scenario):
    def slow_switch(self, delay_ms: int):
        for each in self.two_processors():
            each.delay(delay_ms)
        return self.switch()

    def posts(self) -> int:
        return sum(each.counters()["posts"] for each in self.processors)

    def test_sigterm_lets_attempts_end_and_exits_0(self) -> None:
        target = self.slow_switch(1_000)
        payments = new_payments(100)
        self.pay_all(target, payments)
        wait_until(lambda: self.posts() > 0, 5, "the first attempt is on its way")
        self.assertEqual(target.drain(), 0)
        target.start()
        target.settle_all(30)
        self.assert_books_equal(target, payments)

    def test_sigterm_does_not_wait_for_a_processor_that_never_answers(self) -> None:
        target = self.slow_switch(30_000)
        payments = new_payments(50)
        self.pay_all(target, payments)
        wait_until(lambda: self.posts() > 0, 5, "the first attempt is on its way")
        started = time.monotonic()
        self.assertEqual(target.drain(), 0)
        self.assertLess(time.monotonic() - started, 10.5)

    def test_a_second_sigterm_ends_at_once_and_loses_nothing(self) -> None:
        target = self.slow_switch(3_000)
        payments = new_payments(100)
        self.pay_all(target, payments)
        wait_until(lambda: self.posts() > 0, 5, "the first attempt is on its way")
        target.terminate()
        # Two signals of a kind that arrive before the first one is read are one.
        wait_until(lambda: "stopping" in target.process.said(), 5, "the first signal was read")
        target.terminate()
        target.process.wait_exit(1)
        target.start()
        target.settle_all(40)
        self.assert_books_equal(target, payments)

    def test_sigterm_under_load_breaks_no_promise(self) -> None:
        self.two_processors()
        target = self.switch()
        payments = new_payments(20_000)
        load = Load(target, payments)
        wait_until(lambda: load.answered > 2_000, 20, "the load runs")
        self.assertEqual(target.drain(), 0)
        statuses = load.statuses()
        target.start()
        target.settle_all(30)
        accepted = {each: payments[each] for each, status in statuses.items() if status == 202}
        self.assertGreater(len(accepted), 2_000)
        rest = {each: cents for each, cents in payments.items() if each not in accepted}
        self.assert_books_equal(target, accepted, maybe=rest)

    def test_sigterm_answers_those_who_wait_for_a_payment(self) -> None:
        target = self.switch([])
        payment = next(iter(new_payments(1).items()))
        self.assertEqual(target.pay(*payment).status, 202)
        with Connection(target.port) as waiting:
            waiting.send(request("GET", f"/payments/{payment[0]}?wait=60s"))
            self.assertEqual(target.get("/healthz").status, 200)  # by now the wait has been read
            target.terminate()
            self.assertEqual(waiting.read().json()["state"], "accepted")
        self.assertEqual(target.process.wait_exit(5), 0)

    def test_sighup_says_that_nothing_is_reloaded_and_the_switch_goes_on(self) -> None:
        self.two_processors()
        target = self.switch()
        for times in (1, 2):
            target.process.signal(signal.SIGHUP)
            wait_until(lambda: target.process.said().count("SIGHUP: nothing can be reloaded")
                       == times, 5, "it says so")
        payments = new_payments(20)
        self.pay_all(target, payments)
        target.settle_all(10)
        self.assert_books_equal(target, payments)
        self.assertEqual(target.drain(), 0)

    def test_sigusr1_sigusr2_and_sigpipe_change_nothing(self) -> None:
        target = self.switch([])
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            target.process.signal(number)
            self.assertEqual(target.get("/healthz").status, 200)
        self.assertEqual(target.drain(), 0)

    def test_ctrl_c_is_sigterm(self) -> None:
        target = self.switch([])
        target.process.signal(signal.SIGINT)
        self.assertEqual(target.process.wait_exit(10), 0)
