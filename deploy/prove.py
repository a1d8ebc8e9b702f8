"""Carries out a Dockerfile without a container engine: its stages in copies of a clean root, then the image's promise.

``python3 deploy/prove.py PROJECT CLEAN_ROOT WORK_FOLDER``, as root (deploy/prove.sh does it).
What a base image gives is the clean root's; RUN goes through chroot, COPY obeys .dockerignore. The last stage is then
run as its USER in mount and process namespaces of its own: root read-only, /tmp and the volumes writable, nothing else.
"""

# The commands are the Dockerfile's own; this folder is no package.
# ruff: noqa: S603, S607, INP001

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 90.0


def say(line: str) -> None:
    """Tell the operator."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions in order: name and the rest, continued lines joined."""
    text = "".join(line for line in dockerfile.read_text("utf-8").splitlines(keepends=True) if not line.startswith("#"))
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0].upper(), line.partition(" ")[2].strip()) for line in lines if line.strip()]


@dataclass
class Stage:
    """A stage under construction."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"})
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """A path of the stage, relative to its WORKDIR, as it is on this machine."""
        return self.root / str(Path(self.folder) / path).lstrip("/")


class Builder:
    """Carries out a Dockerfile."""

    def __init__(self, project: Path, clean: Path, work: Path) -> None:
        self._project = project
        self._clean = clean
        self._work = work
        self._arguments: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._ignored = (project / ".dockerignore").read_text("utf-8").splitlines()
        self._stage: Stage | None = None

    def build(self) -> Stage:
        """The last stage."""
        for name, rest in instructions(self._project / "Dockerfile"):
            say(f"{name} {rest[:110]}")
            getattr(self, f"_{name.lower()}")(rest)
        return self._now

    @property
    def _now(self) -> Stage:
        if self._stage is None:
            raise ValueError("an instruction before FROM")
        return self._stage

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._arguments[name] = value

    def _from(self, rest: str) -> None:
        words = rest.split()
        name = words[2] if len(words) == 3 else f"stage{len(self._stages)}"
        root = self._work / name
        shutil.copytree(self._clean, root, symlinks=True, ignore=lambda _, names: [n for n in names if n == "dev"])
        (root / "dev").mkdir()
        self._stage = self._stages[name] = Stage(root)

    def _env(self, rest: str) -> None:
        for word in shlex.split(rest):
            name, _, value = word.partition("=")
            self._now.env[name] = re.sub(r"\$\{(\w+)\}", lambda found: self._now.env.get(found[1], ""), value)

    def _workdir(self, rest: str) -> None:
        self._now.folder = rest
        self._now.inside(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        words = rest.split()
        source = self._project
        if words[0].startswith("--from="):
            source = self._stages[words.pop(0).partition("=")[2]].root
        *what, to = words
        for one in what:
            there = source / one.lstrip("/")
            target = self._now.inside(to)
            if to.endswith("/"):
                target /= there.name
            ignore = self._ignoring if source == self._project else None
            target.parent.mkdir(parents=True, exist_ok=True)
            if there.is_dir():
                shutil.copytree(there, target, symlinks=True, ignore=ignore, dirs_exist_ok=True)
            elif self._passes(there):
                shutil.copy2(there, target)
            else:
                raise FileNotFoundError(f"{one} is kept out by .dockerignore")

    def _passes(self, path: Path) -> bool:
        name = str(path.relative_to(self._project))
        passes = True
        for line in self._ignored:
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            wanted = pattern.startswith("!")
            pattern = pattern.lstrip("!")
            under = name == pattern or name.startswith(pattern + "/")
            tail = pattern.startswith("**/") and any(fnmatch.fnmatch(part, pattern[3:]) for part in name.split("/"))
            if pattern == "*" or under or tail:
                passes = wanted
        return passes

    def _ignoring(self, folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not self._passes(Path(folder) / name)]

    def _run(self, rest: str) -> None:
        model = os.environ.get("PROVE_MODEL")
        if model and (found := re.search(r"\S*khedmatyar train", rest)):
            say(f"   (the training is left out: {model} is taken)")
            target = self._now.root / self._now.env["KHEDMATYAR_MODEL"].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(model, target)
            rest = rest.replace(found[0], "true")
        inside(self._now, ["/bin/sh", "-c", f"cd {shlex.quote(self._now.folder)} && {rest}"], network=True)

    def _volume(self, rest: str) -> None:
        self._now.volumes = json.loads(rest)

    def _expose(self, rest: str) -> None:
        if not rest.isdecimal():
            raise ValueError(rest)

    def _user(self, rest: str) -> None:
        self._now.user = rest

    def _stopsignal(self, rest: str) -> None:
        signal.Signals[rest]

    def _healthcheck(self, rest: str) -> None:
        self._now.health = json.loads(rest[rest.index("CMD") + 3 :])

    def _entrypoint(self, rest: str) -> None:
        self._now.entry = json.loads(rest)

    def _cmd(self, rest: str) -> None:
        self._now.command = json.loads(rest)


def inside(stage: Stage, command: list[str], *, network: bool = False) -> None:
    """Run a command in the stage as root; with the network of this machine and its pip's settings."""
    lent: dict[str, str] = {}
    if network:
        for name in ("resolv.conf", "pip.conf"):
            there = Path("/etc") / name
            if there.exists():
                shutil.copy(there, stage.root / "etc" / name)
        lent = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        certificates = lent.get("PIP_CERT")
        if certificates:
            shutil.copy(certificates, stage.root / certificates.lstrip("/"))
    script = 'mount -t proc none "$0/proc"; mount --bind /dev "$0/dev"; root=$0; exec chroot "$root" "$@"'
    # A build container has no caps on output: only what fails is shown.
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", script, str(stage.root), *command],
        env={**lent, **stage.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (stage.root / "etc/pip.conf").unlink(missing_ok=True)
    if done.returncode:
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout[-3000:]}")


LAUNCH = """
set -e
root=$1; uid=$2; gid=$3; folder=$4; shift 4
mount --bind "$root" "$root"
mount -t proc none "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
for volume in $VOLUMES; do
    owner=$(stat -c %u:%g "$root$volume"); mount -t tmpfs none "$root$volume"; chown "$owner" "$root$volume"
done
mount -o remount,bind,ro "$root"
ip link set lo up 2>/dev/null || true
echo $$ >"$PIDS"
exec chroot "$root" python -c '
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1])); os.chdir(sys.argv[3])
os.execvp(sys.argv[4], sys.argv[4:])' "$uid" "$gid" "$folder" "$@"
"""


def prove(stage: Stage, work: Path) -> None:
    """Run the image as it promises to: not as root, nothing writable but its volumes, healthy, ends on SIGTERM."""
    uid, gid = stage.user.split(":")
    for tool in ("gcc", "cc", "make", "pip", "pip3"):
        if shutil.which(tool, path=str(stage.root / "usr/local/bin") + ":" + str(stage.root / "usr/bin")):
            raise SystemExit(f"{tool} is in the final image")
    say("no compiler, no pip in the final image")
    pids = work / "pid"
    environment = {**stage.env, "VOLUMES": " ".join([*stage.volumes, "/backups"]), "PIDS": str(pids)}
    launch = ["unshare", "--mount", "--net", "sh", "-c", LAUNCH, "launch", str(stage.root), uid, gid, stage.folder]
    started = time.monotonic()
    log = work / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*launch, *stage.entry, *stage.command], env=environment, stdout=output, stderr=output
        )
    try:
        while not pids.exists() or not pids.read_text().strip():
            time.sleep(0.05)
        examine(int(pids.read_text()), stage, running, started, log)
        running.send_signal(signal.SIGTERM)
        code = running.wait(15)
        if code:
            raise SystemExit(f"it ended with {code}:\n{log.read_text(errors='replace')[-2000:]}")
        say("it ended with 0 on SIGTERM")
    finally:
        if running.poll() is None:
            running.kill()


def examine(pid: int, stage: Stage, running: subprocess.Popen[bytes], started: float, log: Path) -> None:
    """What a running image promises; SystemExit says what does not hold."""
    uid = stage.user.partition(":")[0]
    healthy = False
    while time.monotonic() - started < PATIENCE and running.poll() is None and not healthy:
        time.sleep(0.2)
        healthy = not beside(pid, stage, uid, stage.health).returncode
    if not healthy:
        raise SystemExit(f"not healthy:\n{log.read_text(errors='replace')[-3000:]}")
    say(f"healthy {time.monotonic() - started:.1f} s after its start")
    status = Path(f"/proc/{pid}/status").read_text()
    if f"Uid:\t{uid}\t" not in status:
        raise SystemExit("it runs as another user")
    say(f"it runs as {stage.user}")
    for path in ("/opt/khedmatyar/x", "/etc/x", "/usr/local/lib/x"):
        if not beside(pid, stage, "0", ["touch", path]).returncode:
            raise SystemExit(f"{path} can be written")
    say("its root cannot be written, even by root")
    for command in (["khedmatyar", "db", "check"], ["khedmatyar", "db", "backup", "--portable", "/backups/x.zip"]):
        done = beside(pid, stage, uid, command)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout}")
        say(f"{' '.join(command)}: ok")


def beside(pid: int, stage: Stage, uid: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in the namespaces of a running image."""
    return subprocess.run(
        ["nsenter", "--mount", "--net", "--target", str(pid), "chroot", f"--userspec={uid}:{uid}", str(stage.root),
         "/usr/bin/env", f"--chdir={stage.folder}", *command],
        env=stage.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip


if __name__ == "__main__":
    where, base, scratch = map(Path, sys.argv[1:])
    prove(Builder(where, base, scratch).build(), scratch)
