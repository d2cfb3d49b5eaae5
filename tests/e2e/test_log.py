"""What others say, and the log repeats: on one line, short, and nothing in it moves a terminal."""

import socket
import threading
import unicodedata

from harness import Scenario
from process import PAYSWITCH, Process

SAID = b"-LOADING \xc2\x9b31m\x9b2J\x1b[1m\xff" + b"x" * 100_000 + b"\r\n"


class FromOutside(Scenario):
    stores = ("embedded",)

    def say_to_all(self, listener: socket.socket) -> None:
        """To every connection, until the test is over."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(1 << 16)
                    connection.sendall(SAID)
                    connection.recv(1 << 16)
                except OSError:
                    pass

    def test_what_redis_answers_is_cut_and_has_no_control_character(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self.say_to_all, args=(listener,), daemon=True).start()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        for form in ("text", "json"):
            log = self.directory / f"{form}.log"
            switch = Process([PAYSWITCH, "serve", "--listen", "127.0.0.1:0", "--log", form,
                              "--store.url", url], log)
            self.addCleanup(switch.end)
            switch.wait_for(lambda: "LOADING" in switch.said() and switch.said().endswith("\n"),
                            "Redis is heard")
            said = log.read_bytes().decode()
            [line] = [each for each in said.splitlines() if "LOADING" in each]
            self.assertLess(len(line), 1_200)
            self.assertRegex(line, r"\\u009b31m.*x\.\.\. \(\d+ bytes more\)")
            controls = [each for each in said if unicodedata.category(each) == "Cc"]
            self.assertEqual(set(controls), {"\n"})
