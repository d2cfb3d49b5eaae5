"""Holds the house rules of the tree: which room may include which, who may touch the network
library, how long a file may grow, and which names say nothing. An offence is shown as file:line."""

import re
import unittest
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]

# From the bottom up. Rooms in one row do not include each other.
FLOORS = [
    ["payment"],
    ["metrics"],
    ["world"],
    ["http", "redis"],
    ["books", "routing"],
    ["store", "processor"],
    ["dispatch"],
    ["api", "audit"],
    ["operate"],
    ["config"],
    ["switchboard"],
    ["cli"],
    ["main"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Only these may see sockets: everything else runs on a virtual world.
MAY_USE_ASIO = re.compile(r"^src/(http/|redis/|world/real|switchboard/)|^lab/(?!world/)")
ASIO = re.compile(r"^boost/(asio|beast)\b")

SAYS_NOTHING = set("util utils common base core helper helpers manager handler misc".split())
LINES_MAX = 500
COLUMNS_MAX = 100

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')
TYPE = re.compile(r"^\s*(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?(\w+)")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The first folder below src; a file that lies in src itself is a room of its own name."""
    first = path.relative_to(ROOT / "src").parts[0]
    return first.removesuffix("_test.cc").removesuffix(".cc").removesuffix(".h")


def numbered(path: Path) -> Iterator[tuple[int, str]]:
    return enumerate(path.read_text().splitlines(), start=1)


def includes(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in numbered(path):
        if found := INCLUDE.match(line):
            yield number, found[1]


def says_nothing(text: str) -> bool:
    return any(word.lower() in SAYS_NOTHING for word in WORD.findall(text))


class House(unittest.TestCase):
    def hold(self, offences: list[str]) -> None:
        if offences:
            self.fail("\n" + "\n".join(offences))

    def test_every_room_stands_in_the_table(self) -> None:
        rooms = {room_of(path) for path in sources("src")}
        strangers = sorted(rooms - set(FLOOR))
        self.hold([f"src/{room}:1: no floor of the table names it" for room in strangers])

    def test_includes_go_down_only(self) -> None:
        offences = []
        for path in sources("src"):
            room = room_of(path)
            for number, target in includes(path):
                other = target.split("/")[0] if "/" in target else None
                if other not in FLOOR or other == room or FLOOR[other] < FLOOR.get(room, -1):
                    continue
                offences.append(f"{name(path)}:{number}: {room} must not include {target}")
        self.hold(offences)

    def test_includes_name_the_room(self) -> None:
        """`#include "clock.h"` would slip past the table."""
        offences = []
        for path in sources("src", "lab"):
            for number, line in numbered(path):
                if re.match(r'^\s*#\s*include\s*"([^"/]+|\.[^"]*)"', line):
                    offences.append(f"{name(path)}:{number}: name the room too: {line.strip()}")
        self.hold(offences)

    def test_only_the_edges_touch_the_network_library(self) -> None:
        offences = []
        for path in sources("src", "lab"):
            for number, target in includes(path):
                if ASIO.match(target) and not MAY_USE_ASIO.match(name(path)):
                    offences.append(f"{name(path)}:{number}: {target} belongs to the edges")
        self.hold(offences)

    def test_the_laboratory_is_never_part_of_the_switch(self) -> None:
        offences = []
        for path in sources("src"):
            for number, target in includes(path):
                forbidden = target.startswith("lab/") or target.endswith("_test.h")
                if forbidden and not path.stem.endswith("_test"):
                    offences.append(f"{name(path)}:{number}: only a test may include {target}")
        self.hold(offences)

    def test_no_file_is_too_long_and_no_line_too_wide(self) -> None:
        scripts = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "script").glob("*")]
        offences = []
        for path in [*sources("src", "lab", "tests", "bench"), *sorted(scripts)]:
            for number, line in numbered(path):
                if number == LINES_MAX + 1:
                    offences.append(f"{name(path)}:{number}: longer than {LINES_MAX} lines")
                if len(line) > COLUMNS_MAX:
                    offences.append(f"{name(path)}:{number}: wider than {COLUMNS_MAX} columns")
        self.hold(offences)

    def test_no_name_says_nothing(self) -> None:
        offences = []
        for folder in ("src", "lab", "tests", "bench"):
            for path in sorted((ROOT / folder).rglob("*")):
                if path.name != "__pycache__" and says_nothing(path.stem):
                    offences.append(f"{name(path)}:1: a name that says nothing")
        for path in sources("src", "lab"):
            for number, line in numbered(path):
                if (found := TYPE.match(line)) and says_nothing(found[1]):
                    offences.append(f"{name(path)}:{number}: {found[1]} says nothing")
        self.hold(offences)

    def test_every_source_stands_behind_a_header_beside_it(self) -> None:
        """x.h for x.cc, or one that several sources share, as those of platform/linux/real.h do."""
        offences = []
        for path in sources("src", "lab"):
            if path.suffix != ".cc" or path.name == "main.cc" or path.stem.endswith("_test"):
                continue
            if not any((path.parent / Path(target).name).exists() for _, target in includes(path)):
                offences.append(f"{name(path)}:1: it includes no header of its own folder")
        self.hold(offences)

    def test_every_header_is_included_once(self) -> None:
        """`#pragma once` comes before anything else that the compiler reads."""
        offences = []
        for path in sources("src", "lab"):
            if path.suffix == ".h" and path.read_text().splitlines()[:1] != ["#pragma once"]:
                offences.append(f"{name(path)}:1: begin with #pragma once")
        self.hold(offences)


if __name__ == "__main__":
    unittest.main()
