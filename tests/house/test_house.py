"""Holds the conventions of the tree: which module may include which, who may touch the network
library, how long a file may grow, and which names say nothing. An offence is shown as file:line."""

import re
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]

MODULE = re.compile(r"^module\(([\w/]+)([^)]*)\)", re.M)
FOLDERS = ("src", "testing", "tools", "tests", "bench", "script", "docs", "deploy", "cmake")
KEYWORDS = ("RECURSIVE", "DEPENDS", "LIBS", "TEST_DEPENDS", "SUITES")

# Only these may see sockets: everything else runs on a virtual platform.
MAY_USE_ASIO = re.compile(r"^src/(net|http|redis|platform/linux|app)/|^tools/|^testing/fixtures/")
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


@dataclass
class Module:
    """What CMake says of one: the only statement of who knows whom."""

    path: str
    is_recursive: bool
    depends: set[str]
    test_depends: set[str]

    @property
    def name(self) -> str:
        return self.path.removeprefix("src/").replace("/", "_")


def declared(text: str) -> Iterator[Module]:
    for path, words in MODULE.findall(text):
        lists: dict[str, set[str]] = {keyword: set() for keyword in KEYWORDS}
        keyword = ""
        for word in words.split():
            if word in KEYWORDS:
                keyword = word
                lists[keyword].add("")
            else:
                lists[keyword].add(word)
        yield Module(path, bool(lists["RECURSIVE"]), lists["DEPENDS"] - {""},
                     lists["TEST_DEPENDS"] - {""})


MODULES = [module for folder in ("src", "testing", "tools")
           for module in declared((ROOT / folder / "CMakeLists.txt").read_text())]


def module_of(path: str) -> Module | None:
    """Of a file, named from the root: the folder that it lies in, or a recursive one above it."""
    folder = path.rpartition("/")[0]
    for module in MODULES:
        if folder == module.path or (module.is_recursive and folder.startswith(module.path + "/")):
            return module
    return None


def is_of_tests(path: Path) -> bool:
    return path.stem.endswith(("_test", "_fixture", "_suite"))


def rules_of(chapter: str) -> set[str]:
    """"3" for a chapter `**3. An unknown outcome.**`, "3.5" for the fifth of its numbered rules."""
    rules: set[str] = set()
    current = ""
    for line in chapter.splitlines():
        if found := re.match(r"\*\*(\d+)\. ", line):
            current = found[1]
            rules.add(current)
        elif found := re.match(r"(\d+)\. ", line):
            rules.add(f"{current}.{found[1]}")
    return rules


def citations(line: str) -> Iterator[str]:
    """Of "PROTOCOL 4.1 and 4.2", "Rule3_2_Something" and "Protocol45Something" alike."""
    for cited in re.findall(r"PROTOCOL (\d[\d., ]*(?:(?:and|to) \d[\d.]*)?)", line):
        yield from re.findall(r"\d+(?:\.\d+)?", cited)
    yield from (".".join(pair) for pair in re.findall(r"\bRule(\d)_(\d)", line))
    yield from (".".join(pair) for pair in re.findall(r"\bProtocol(\d)(\d)[A-Z]", line))


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

    def included(self) -> Iterator[tuple[Path, int, Module, Module]]:
        """Where a file of one module includes one of another."""
        for path in sources("src", "testing", "tools"):
            for number, target in includes(path):
                file = f"src/{target}" if (ROOT / "src" / target).is_file() else target
                mine, other = module_of(name(path)), module_of(file)
                if mine and other and mine != other:
                    yield path, number, mine, other

    def test_every_source_belongs_to_a_module(self) -> None:
        self.hold([f"{name(path)}:1: no module holds it"
                   for path in sources("src", "testing", "tools")
                   if module_of(name(path)) is None and path.name != "main.cc"])

    def test_what_is_included_is_stated(self) -> None:
        offences = []
        for path, number, mine, other in self.included():
            known = mine.depends | mine.test_depends if is_of_tests(path) else mine.depends
            if other.name not in known:
                offences.append(f"{name(path)}:{number}: {mine.name} does not state that it "
                                f"depends on {other.name}")
        self.hold(offences)

    def test_what_is_stated_is_included(self) -> None:
        used: dict[str, set[str]] = {module.name: set() for module in MODULES}
        used_by_tests: dict[str, set[str]] = {module.name: set() for module in MODULES}
        for path, _, mine, other in self.included():
            (used_by_tests if is_of_tests(path) else used)[mine.name].add(other.name)
        # Whose fixtures a test uses, of those it needs what they need.
        by_name = {module.name: module for module in MODULES}
        for module in MODULES:
            for other in module.depends | module.test_depends:
                used_by_tests[module.name] |= by_name[other].test_depends
        offences = []
        for module in MODULES:
            offences += [f"{module.path}/: it states that it depends on {other}, and does not"
                         for other in sorted(module.depends - used[module.name])]
            offences += [f"{module.path}/: its tests do not depend on {other}, as it states"
                         for other in sorted(module.test_depends - used_by_tests[module.name])]
        self.hold(offences)

    def test_the_table_of_the_architecture_says_the_same(self) -> None:
        text = (ROOT / "ARCHITECTURE.md").read_text()
        text = text[text.index("## Modules"):text.index("A lower module")]
        rows = re.findall(r"^\| `([\w/]+)` \| [^|]+ \| (?:nothing|([^|]+)) \|$", text, re.M)
        shown = {f"src/{path}": set(re.findall(r"`(\w+)`", depends)) for path, depends in rows}
        stated = {module.path: module.depends for module in MODULES
                  if module.path.startswith("src/")}
        self.assertEqual(shown, stated)

    def test_every_rule_that_is_cited_is_in_the_protocol(self) -> None:
        text = (ROOT / "docs" / "protocol.md").read_text()
        rules = rules_of(text[text.index("## 9. The rules, by number"):])
        self.assertIn("3.5", rules)
        offences = []
        for path in [*sources("src", "testing", "tools", "tests", "bench"),
                     *sorted((ROOT / "tests").rglob("*.patch")),
                     *sorted((ROOT / "docs").rglob("*.md"))]:
            for number, line in numbered(path):
                offences += [f"{name(path)}:{number}: there is no rule {cited}"
                             for cited in citations(line) if cited not in rules]
        self.hold(offences)

    def test_files_that_documents_name_exist(self) -> None:
        """In backticks: from the root, from src or docs, or the name alone."""
        known = {name(path) for folder in (".", *FOLDERS) for path in (ROOT / folder).glob(
            "*" if folder == "." else "**/*") if path.is_file()}
        names = {path.rpartition("/")[2] for path in known}
        offences = []
        for path in [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]:
            if path.name in ("CHANGELOG.md", "CONTRIBUTING.md"):
                continue
            for number, line in numbered(path):
                for shown in re.findall(r"`([\w./-]+\.(?:cc|h|py|cmake|patch))`", line):
                    places = (shown, f"src/{shown}", f"src/store/{shown}", f"docs/{shown}",
                              f"tests/{shown}", f"src/platform/{shown}")
                    if not (known & set(places)) and ("/" in shown or shown not in names):
                        offences.append(f"{name(path)}:{number}: there is no {shown}")
        self.hold(offences)

    def test_no_module_depends_on_itself_by_way_of_others(self) -> None:
        ordered: set[str] = set()
        for module in MODULES:
            later = module.depends - ordered
            self.assertEqual(later, set(), f"{module.name} stands before what it depends on")
            ordered.add(module.name)

    def test_includes_name_the_module(self) -> None:
        """`#include "clock.h"` would slip past the table."""
        offences = []
        for path in sources("src", "testing", "tools"):
            for number, line in numbered(path):
                if re.match(r'^\s*#\s*include\s*"([^"/]+|\.[^"]*)"', line):
                    offences.append(f"{name(path)}:{number}: name the module too: {line.strip()}")
        self.hold(offences)

    def test_only_the_edges_touch_the_network_library(self) -> None:
        offences = []
        for path in sources("src", "testing", "tools"):
            for number, target in includes(path):
                if ASIO.match(target) and not MAY_USE_ASIO.match(name(path)):
                    offences.append(f"{name(path)}:{number}: {target} belongs to the edges")
        self.hold(offences)

    def test_what_tests_stand_on_is_never_part_of_the_switch(self) -> None:
        offences = []
        for path in [*sources("src"), *sources("tools")]:
            for number, target in includes(path):
                forbidden = target.startswith("testing/fixtures/") or \
                    target.endswith("_fixture.h") or \
                    (name(path).startswith("src/") and target.startswith(("testing/", "tools/")))
                if forbidden and not is_of_tests(path):
                    offences.append(f"{name(path)}:{number}: only a test may include {target}")
        self.hold(offences)

    def test_no_file_is_too_long_and_no_line_too_wide(self) -> None:
        scripts = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "script").glob("*")]
        offences = []
        for path in [*sources("src", "testing", "tools", "tests", "bench"), *sorted(scripts)]:
            for number, line in numbered(path):
                if number == LINES_MAX + 1:
                    offences.append(f"{name(path)}:{number}: longer than {LINES_MAX} lines")
                if len(line) > COLUMNS_MAX:
                    offences.append(f"{name(path)}:{number}: wider than {COLUMNS_MAX} columns")
        self.hold(offences)

    def test_no_name_says_nothing(self) -> None:
        offences = []
        for folder in ("src", "testing", "tools", "tests", "bench"):
            for path in sorted((ROOT / folder).rglob("*")):
                if path.name != "__pycache__" and says_nothing(path.stem):
                    offences.append(f"{name(path)}:1: a name that says nothing")
        for path in sources("src", "testing", "tools"):
            for number, line in numbered(path):
                if (found := TYPE.match(line)) and says_nothing(found[1]):
                    offences.append(f"{name(path)}:{number}: {found[1]} says nothing")
        self.hold(offences)

    def test_every_source_stands_behind_a_header_beside_it(self) -> None:
        """x.h for x.cc, or one that several sources share, as those of platform/linux/real.h do."""
        offences = []
        for path in sources("src", "testing", "tools"):
            if path.suffix != ".cc" or path.name == "main.cc" or is_of_tests(path):
                continue
            if not any((path.parent / Path(target).name).exists() for _, target in includes(path)):
                offences.append(f"{name(path)}:1: it includes no header of its own folder")
        self.hold(offences)

    def test_every_header_is_included_once(self) -> None:
        """`#pragma once` comes before anything else that the compiler reads."""
        offences = []
        for path in sources("src", "testing", "tools"):
            if path.suffix == ".h" and path.read_text().splitlines()[:1] != ["#pragma once"]:
                offences.append(f"{name(path)}:1: begin with #pragma once")
        self.hold(offences)


if __name__ == "__main__":
    unittest.main()
