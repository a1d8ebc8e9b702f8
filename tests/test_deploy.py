"""The files of the installation: what deploy/prove.sh carries out on a machine, read here for what must not slip."""

from __future__ import annotations

import configparser
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from bot.settings import variables

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def prove() -> ModuleType:
    """deploy/prove.py as a module: it reads the Dockerfile for the test and for the proof alike."""
    spec = importlib.util.spec_from_file_location("prove", DEPLOY / "prove.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["prove"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stages(prove: ModuleType) -> list[list[tuple[str, str]]]:
    """The instructions of each stage, from its FROM on."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in prove.instructions(ROOT / "Dockerfile"):
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return content


def of(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for what, rest in stage if what == name]


def test_two_stages_of_one_slim_python(stages: list[list[tuple[str, str]]]) -> None:
    assert [of(stage, "FROM") for stage in stages] == [["python:${PYTHON}-slim AS build"], ["python:${PYTHON}-slim"]]
    default = re.search(r"^ARG PYTHON=(\d\.\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert default is not None
    assert default[1] == "3.13"
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert wanted == ">=3.11,<3.14"


def test_packages_are_pinned_and_the_model_is_made_while_building(stages: list[list[tuple[str, str]]]) -> None:
    runs = of(stages[0], "RUN")
    (install,) = [run for run in runs if "--python /opt/khedmatyar" in run]
    assert "-c constraints.txt" in install
    assert "--only-binary :all:" in install
    assert any("khedmatyar train" in run for run in runs)
    pins = (DEPLOY / "build-requirements.txt").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z-]+==[\d.]+", pin) for pin in pins if not pin.startswith("#"))
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["build-backend"]
    assert any(pin.startswith(backend.partition(".")[0] + "==") for pin in pins)


def test_every_package_it_runs_on_is_pinned_for_its_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[\[><=]", line)[0].lower() for line in project["dependencies"]}
    pinned = defaultdict(list)
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition("==")
            pinned[name].append(rest)
    missing = {name for name in names if not any(";" not in rest or '"3.13"' in rest for rest in pinned.get(name, ()))}
    assert missing == set()


def test_the_image_is_nobodys_root_and_tells_its_health(stages: list[list[tuple[str, str]]]) -> None:
    last = stages[-1]
    (user,) = of(last, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    names = [name for name, _ in last]
    assert "RUN" not in names[names.index("USER") :]
    (health,) = of(last, "HEALTHCHECK")
    assert "/healthz" in health
    assert of(last, "STOPSIGNAL") == ["SIGTERM"]
    assert of(last, "ENTRYPOINT") == ['["khedmatyar"]']
    text = " ".join(of(last, "RUN"))
    assert "pip uninstall" in text
    assert not re.search(r"apt-get install|gcc|build-essential", text)


def test_each_setting_named_is_a_setting(compose: dict[str, Any]) -> None:
    elsewhere = {"KHEDMATYAR_MODEL"}
    files = [ROOT / "Dockerfile", ROOT / "compose.yaml", *DEPLOY.glob("*.service")]
    named = {name for file in files for name in re.findall(r"KHEDMATYAR_[A-Z_]+", file.read_text("utf-8"))}
    assert named - elsewhere <= set(variables())
    assert compose["services"]


def test_the_builder_is_given_no_data_and_no_secret(prove: ModuleType, tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text("utf-8"))
    builder = prove.Builder(tmp_path, tmp_path, tmp_path)
    kept_out = (".env", "data/khedmatyar.sqlite", "deploy/tls/privkey.pem", ".git/config", "tests/conftest.py",
                "knowledge/data/model/finder.zip", "bot/__pycache__/x.pyc", "backups/a.zip")  # fmt: skip
    assert [name for name in kept_out if builder._passes(tmp_path / name)] == []
    let_in = ("pyproject.toml", "constraints.txt", "bot/cli/app.py", "knowledge/data/lexicon.yaml", "README.md",
              "records/migrations/env.py", "deploy/build-requirements.txt", "bot/web/static/chat.css")  # fmt: skip
    assert [name for name in let_in if not builder._passes(tmp_path / name)] == []


def test_what_the_dockerfile_copies_is_there_and_let_in(
    prove: ModuleType, stages: list[list[tuple[str, str]]], tmp_path: Path
) -> None:
    builder = prove.Builder(ROOT, tmp_path, tmp_path)
    for rest in of(stages[0], "COPY"):
        for source in rest.split()[:-1]:
            path = ROOT / source
            assert path.exists(), source
            some = next(path.rglob("*.py")) if path.is_dir() else path
            assert builder._passes(some), source


def test_compose_has_a_database_two_replicas_a_proxy_and_backups(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services.keys() >= {"db", "schema", "replica-1", "replica-2", "proxy", "backup", "webhook"}
    for name, service in services.items():
        version = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"\d+(\.\d+)+", version), f"{name} is not pinned"
        assert "/" not in service["image"], f"{name} names a registry"
    ours = [services[name] for name in ("schema", "replica-1", "replica-2", "webhook", "backup")]
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in ("replica-1", "replica-2"):
        needs = services[name]["depends_on"]
        assert needs["schema"]["condition"] == "service_completed_successfully"
        assert services[name]["environment"]["KHEDMATYAR_DATABASE_URL"].startswith("postgresql://")
        assert "ports" not in services[name]
    assert services["schema"]["command"] == ["db", "upgrade"]
    # One actor sets the webhook, when it is told to.
    assert services["webhook"]["command"] == ["webhook", "set"]
    assert services["webhook"]["profiles"] == ["once"]
    assert "ports" not in services["db"]


def test_its_version_is_the_packages(compose: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert compose["services"]["replica-1"]["image"] == f"khedmatyar:{version}"


def test_no_secret_stands_in_a_committed_file(compose: dict[str, Any]) -> None:
    assert "POSTGRES_PASSWORD:?" in (ROOT / "compose.yaml").read_text("utf-8")
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY", name):
                assert str(value).startswith("${"), name


def test_the_proxy_keeps_secrets_out_of_its_log_and_gives_an_update_to_the_other_replica() -> None:
    conf = (DEPLOY / "nginx.conf").read_text("utf-8")
    (shown,) = re.findall(r"log_format plain '([^']*)'", conf)
    assert not re.search(r"\$(request|request_uri|uri|args|remote_addr|http_\w+)\b", shown)
    assert "access_log /dev/stdout plain;" in conf
    for replica in ("replica-1:8080", "replica-2:8080"):
        assert f"server {replica}" in conf
    webhook = conf[conf.index("location /webhook/") :].partition("}")[0]
    assert "non_idempotent" in webhook
    assert "client_max_body_size 1m;" in webhook
    # Else a client could name any address as its own.
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in conf
    assert conf.count("{") == conf.count("}")


def unit(name: str) -> dict[str, list[tuple[str, str]]]:
    """Sections of a systemd unit; a key may stand several times."""
    sections: dict[str, list[tuple[str, str]]] = {}
    now: list[tuple[str, str]] = []
    for line in (DEPLOY / name).read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            now = sections.setdefault(line.strip("[]"), [])
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise configparser.ParsingError(name)
        now.append((key, value))
    return sections


def test_the_unit_is_hardened() -> None:
    service = dict(unit("khedmatyar.service")["Service"])
    assert service["ExecStart"].endswith("khedmatyar run")
    assert service["User"] != "root"
    wanted = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "CapabilityBoundingSet": ""}
    assert wanted.items() <= service.items()
    assert service["EnvironmentFile"] == "/etc/khedmatyar.env"
    # The program drains within ten seconds; the supervisor must not be faster.
    assert int(service["TimeoutStopSec"]) > 10


def test_the_backup_has_a_timer() -> None:
    assert dict(unit("khedmatyar-backup.timer")["Timer"])["OnCalendar"]
    assert dict(unit("khedmatyar-backup.service")["Service"])["ExecStart"].endswith("once")


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_sound(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    command = ["/bin/bash", "-n", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — our own file
    assert done.returncode == 0, done.stderr


def backup(folder: Path, program: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/backup.sh once with a `khedmatyar` of these lines."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "khedmatyar").write_text(f"#!/bin/sh\n{program}\n")
    (tools / "khedmatyar").chmod(0o755)
    kept = folder / "backups"
    kept.mkdir(exist_ok=True)
    return subprocess.run(  # noqa: S603 — our own file
        ["/bin/sh", DEPLOY / "backup.sh", kept, "once"],
        env={"PATH": f"{tools}:/usr/bin:/bin", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_backups_are_kept_as_many_as_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "backups"
    kept.mkdir()
    for day in range(1, 6):
        (kept / f"khedmatyar-2026010{day}-000000.zip").write_text("old")
    done = backup(tmp_path, '[ "$1 $2 $3" = "db backup --portable" ] && echo whole >"$4"', KEEP_BACKUPS="3")
    assert done.returncode == 0, done.stderr
    left = sorted(path.name for path in kept.glob("*.zip"))
    assert len(left) == 3
    assert (kept / left[-1]).read_text() == "whole\n"


def test_a_backup_that_failed_leaves_nothing_that_looks_like_one(tmp_path: Path) -> None:
    done = backup(tmp_path, 'echo half >"$4"; exit 1')
    assert done.returncode == 1
    assert list((tmp_path / "backups").iterdir()) == []
