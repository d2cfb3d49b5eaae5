"""The files of deploy/: within the contest's limits, in agreement with each other, and understood
by the programs that read them."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Iterator

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(ROOT / "tests/e2e"))

from process import PAYSWITCH, Process  # noqa: E402

COMPOSE_FILES = [DEPLOY / "compose.yml", *sorted((DEPLOY / "contest").glob("*.yml"))]
CPUS, MEGABYTES = 1.5, 350


def services(path: Path) -> dict[str, dict]:
    """Those of the file, with what they extend."""
    found = {}
    for name, service in yaml.safe_load(path.read_text())["services"].items():
        if "extends" in service:
            other = (path.parent / service["extends"]["file"]).resolve()
            inherited = services(other)[service["extends"]["service"]]
            environment = {**inherited.get("environment", {}), **service.get("environment", {})}
            service = {**inherited, **service, "environment": environment}
        else:
            service["volumes"] = [located(path.parent, each) for each in service.get("volumes", [])]
        found[name] = service
    return found


def located(folder: Path, volume: str) -> str:
    return str((folder / volume).resolve()) if volume.startswith(".") else volume


def mounted(service: dict, at: str) -> Path:
    [volume] = [each for each in service["volumes"] if each.split(":")[1] == at]
    return Path(volume.split(":")[0])


class Compose(unittest.TestCase):
    def each_file(self) -> Iterator[tuple[Path, dict]]:
        self.assertEqual(len(COMPOSE_FILES), 3)
        for path in COMPOSE_FILES:
            with self.subTest(path.relative_to(ROOT).as_posix()):
                yield path, services(path)

    def test_all_services_together_stay_within_the_contests_limits(self) -> None:
        for _, found in self.each_file():
            limits = [each["deploy"]["resources"]["limits"] for each in found.values()]
            self.assertLessEqual(round(sum(float(each["cpus"]) for each in limits), 6), CPUS)
            self.assertTrue(all(each["memory"].endswith("MB") for each in limits))
            self.assertLessEqual(sum(int(each["memory"][:-2]) for each in limits), MEGABYTES)

    def test_nginx_is_given_the_switches_that_there_are(self) -> None:
        for _, found in self.each_file():
            members = mounted(found["nginx"], "/etc/nginx/members.conf").read_text()
            named = set(re.findall(r"^server ([\w-]+):8080\b", members, re.MULTILINE))
            switches = {name for name, each in found.items() if each["image"] == "payswitch"}
            self.assertEqual(named, switches)
            for name in switches:
                self.assertEqual(found[name]["environment"]["LISTEN"], "0.0.0.0:8080")

    def test_the_processors_are_those_of_the_contest_on_their_network(self) -> None:
        for path, found in self.each_file():
            networks = yaml.safe_load(path.read_text())["networks"]
            self.assertEqual(networks, {"backend": {"driver": "bridge"},
                                        "payment-processor": {"external": True}})
            self.assertEqual(found["nginx"]["ports"], ["9999:9999"])
            for each in found.values():
                if each["image"] != "payswitch":
                    self.assertEqual(each["networks"], ["backend"])
                    continue
                self.assertEqual(each["networks"], ["backend", "payment-processor"])
                for name in ("default", "fallback"):
                    self.assertEqual(each["environment"][f"PROCESSOR_{name.upper()}_URL"],
                                     f"http://payment-processor-{name}:8080")

    def test_what_is_kept_lies_on_a_volume(self) -> None:
        for path, found in self.each_file():
            volumes = yaml.safe_load(path.read_text())["volumes"]
            keeper = found.get("redis") or found["payswitch"]
            kept = [each.split(":")[0] for each in keeper["volumes"]]
            self.assertTrue(set(volumes) & set(kept), f"{volumes} and {kept}")

    def test_files_that_are_mounted_are_there(self) -> None:
        for _, found in self.each_file():
            for each in found.values():
                for volume in each.get("volumes", []):
                    if volume.startswith("/"):
                        self.assertTrue(Path(volume.split(":")[0]).is_file(), volume)


class Nginx(unittest.TestCase):
    def check(self, members: Path, change=lambda text: text) -> subprocess.CompletedProcess:
        """Hosts become 127.0.0.1: nginx looks them up while it reads."""
        with tempfile.TemporaryDirectory(prefix="payswitch-deploy-") as name:
            folder = Path(name)
            conf = (DEPLOY / "nginx.conf").read_text().replace("/tmp/", f"{folder}/")
            (folder / "nginx.conf").write_text(change(conf))
            text = re.sub(r"^server [\w-]+:", "server 127.0.0.1:", members.read_text(), flags=re.M)
            (folder / "members.conf").write_text(text)
            return subprocess.run(["nginx", "-t", "-p", name, "-c", folder / "nginx.conf"],
                                  capture_output=True, text=True, timeout=20)

    def test_it_understands_its_files(self) -> None:
        for members in (DEPLOY / "members.conf", DEPLOY / "contest/members.conf"):
            done = self.check(members)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("[warn]", done.stderr)

    def test_a_file_that_is_wrong_is_noticed(self) -> None:
        done = self.check(DEPLOY / "members.conf",
                          lambda text: text.replace("non_idempotent", "non_idempotentt"))
        self.assertNotEqual(done.returncode, 0)


class Redis(unittest.TestCase):
    def test_it_starts_with_its_file_and_keeps_what_it_is_given(self) -> None:
        with tempfile.TemporaryDirectory(prefix="payswitch-deploy-") as name:
            path = Path(name) / "redis.sock"
            redis = Process(["redis-server", DEPLOY / "redis.conf", "--port", 0, "--dir", name,
                             "--unixsocket", path], Path(name) / "redis.log")
            self.addCleanup(redis.end)
            redis.wait_for(path.exists, "Redis listens")
            settings = {each: self.ask(path, each) for each in
                        ("appendonly", "appendfsync", "save", "maxmemory-policy")}
        self.assertEqual(settings, {"appendonly": "yes", "appendfsync": "always", "save": "",
                                    "maxmemory-policy": "noeviction"})

    def ask(self, path: Path, setting: str) -> str:
        said = subprocess.run(["redis-cli", "-s", path, "config", "get", setting],
                              capture_output=True, text=True, check=True, timeout=20).stdout
        return said.split("\n")[1]


class Image(unittest.TestCase):
    def installed_packages(self) -> set[str]:
        """What the last stage of the Dockerfile installs, and what that brings with it."""
        last = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")[-1].replace("\\\n", " ")
        [words] = re.findall(r"apt-get install --yes --no-install-recommends ([^&]+)&&", last)
        wanted, found = set(words.split()), set()
        while wanted:
            found |= wanted
            said = subprocess.run(["dpkg-query", "--show", "--showformat", "${Depends}, ", *wanted],
                                  capture_output=True, text=True, check=True).stdout
            wanted = {re.split(r"[ (:|]", each)[0] for each in said.split(", ")} - found - {""}
            wanted = {each for each in wanted if self.is_installed(each)}
        return found

    def is_installed(self, package: str) -> bool:
        done = subprocess.run(["dpkg-query", "--show", "--showformat", "${db:Status-Status}",
                               package], capture_output=True, text=True)
        return done.stdout.startswith("installed")

    def test_it_has_every_library_that_the_switch_wants(self) -> None:
        said = subprocess.run(["ldd", PAYSWITCH], capture_output=True, text=True, check=True).stdout
        libraries = {Path(each).name for each in re.findall(r"=> (\S+)", said)}
        self.assertIn("libspdlog.so.1.10", libraries)
        packages = self.installed_packages()
        for each in sorted(libraries):
            said = subprocess.run(["dpkg", "--search", f"*/{each}"], capture_output=True, text=True,
                                  check=True).stdout
            owners = {line.split(":")[0] for line in said.splitlines()}
            self.assertTrue(owners & packages, f"{each} is in {owners}")


if __name__ == "__main__":
    unittest.main()
