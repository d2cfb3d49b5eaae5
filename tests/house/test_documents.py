"""Compares what the documents say to the outside with the code: metrics, problem types, routes,
limits and counts. What differs is shown."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read(path: str) -> str:
    return (ROOT / path).read_text()


def chapter(text: str, heading: str) -> str:
    begin = text.index(heading)
    end = text.find("\n## ", begin + 1)
    return text[begin:end if end >= 0 else len(text)]


def sources(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.cc"))
                     if not path.stem.endswith("_test"))


PROTOCOL = read("docs/protocol.md")
IN_WORDS = {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen"}


class Documents(unittest.TestCase):
    def test_every_metric_is_described_with_its_type(self) -> None:
        code = sources("src/api")
        families = set(re.findall(r'"payswitch_(\w+)"', code))
        kinds = {family: kind for kind, family in re.findall(
            r'text\.(counter|gauge|histogram)\(\s*"payswitch_(\w+)"', code)}
        rows = {family: kind for family, kind in re.findall(
            r"^\| `(?:payswitch_)?(\w+)`[^|]*\| (counter|gauge|histogram) \|",
            chapter(PROTOCOL, "## 8. Metrics") + read("docs/redis.md"), re.M)}
        self.assertGreater(len(families), 40)
        self.assertEqual(families, set(rows))
        self.assertEqual(kinds, {family: rows[family] for family in kinds})

    def test_every_problem_type_is_described_with_its_status(self) -> None:
        code = sources("src")
        routes = set(re.findall(r'\.status = (\d+),\s*\.slug = "([a-z-]+)"', code))
        server = set(re.findall(r'return \{(\d+), "([a-z-]+)"', read("src/http/rejection.cc")))
        rows = set(re.findall(r"^\| (\d+) \| `([a-z-]+)` \|",
                              chapter(PROTOCOL, "## 7. Problem types"), re.M))
        self.assertGreater(len(server), 5)
        self.assertEqual(routes | server, rows)

    def test_every_route_is_in_the_readme(self) -> None:
        code = read("src/api/payment_routes.cc") + read("src/app/composition/composition.cc")
        routes = {(method.upper(), re.sub(r"/$", "/{id}", path) if len(path) > 1 else path)
                  for method, path in re.findall(
                      r'router_?\.add\(\s*Method::(\w+), "([^"]+)"', code)}
        rows = set(re.findall(r"^\| `(GET|POST) ([^`]+)` \|",
                              chapter(read("README.md"), "## The contract in short"), re.M))
        self.assertGreater(len(routes), 8)
        self.assertEqual(routes, rows)

    def test_every_limit_that_is_named_is_where_the_table_says(self) -> None:
        offences = []
        for line in chapter(read("ARCHITECTURE.md"), "## Limits").splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) < 5:
                continue
            files = re.findall(r"`([\w/]+\.(?:h|cc))`", cells[3])
            code = "".join(read(f"src/{file}") for file in files)
            offences += [f"{limit} is not in {', '.join(files)}"
                         for limit in re.findall(r"`(\w+)`", cells[1]) if limit not in code]
        self.assertEqual(offences, [])

    def test_the_counts_of_the_proof_are_those_of_the_tree(self) -> None:
        readme = read("README.md")
        mutations = len(list((ROOT / "tests" / "mutations").glob("*.patch")))
        self.assertIn(f"| {mutations} mutations |", readme)
        targets = re.findall(r"^fuzzer\((\w+)", read("tests/fuzz/CMakeLists.txt"), re.M)
        self.assertIn(f"| {IN_WORDS[len(targets)]} fuzzers", readme)


if __name__ == "__main__":
    unittest.main()
