"""The unit file is one that systemd reads, takes away what the agent does not need, and starts a command that exists."""

import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from pratique.cli.agent import command, run

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "share" / "systemd" / "pratique-agent.service"


@pytest.fixture
def service():
    unit = configparser.RawConfigParser(strict=False, interpolation=None)  # Environment= stands twice
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    assert {"Unit", "Service", "Install"} == set(unit.sections())
    return unit["Service"]


def test_the_unit_gives_no_more_privileges_than_the_agent_needs(service):
    capabilities = set(service["CapabilityBoundingSet"].split())
    assert {"CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"} <= capabilities
    assert not capabilities & {
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_BOOT",
        "CAP_NET_ADMIN",
        "CAP_SETUID",
        "CAP_BPF",
        "CAP_MKNOD",
    }
    for key in (
        "NoNewPrivileges",
        "ProtectKernelModules",
        "ProtectKernelLogs",
        "ProtectClock",
        "LockPersonality",
        "RestrictRealtime",
    ):
        assert service[key] == "yes", key
    assert service["ProtectSystem"] == "full" and service["ProtectHome"] == "read-only" and service["UMask"] == "0077"


def test_the_unit_takes_nothing_away_that_the_agent_works_with(service):
    denied = {"ProtectKernelTunables", "ProtectControlGroups", "RestrictNamespaces", "PrivateTmp", "PrivateUsers", "ProtectProc"}
    assert not denied & set(service)


def test_the_unit_starts_a_command_that_exists_and_comes_back_whatever_ended_it(service):
    defaults = dict(re.findall(r'^Environment=(\w+)="?([^"\n]*)"?$', UNIT.read_text(), re.MULTILINE))
    assert defaults["PRATIQUE_HOME"] == f"/var/lib/{service['StateDirectory']}"
    line = service["ExecStart"].replace("$PRATIQUE_AGENT_OPTIONS", defaults["PRATIQUE_AGENT_OPTIONS"])
    program, group, name, *options = shlex.split(line)
    assert (program, group) == ("pratique", "agent") and command.commands[name] is run
    context = run.make_context(name, options)
    assert context.params["mode"] == "observe" and context.params["as_json"]
    assert service["Restart"] == "always"


def test_systemd_finds_no_fault_in_the_unit(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed; the other tests read the keys")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("ExecStart=pratique", "ExecStart=/bin/true"))
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_comes_with_the_package_and_the_help_says_how_to_install_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared["share/systemd/pratique-agent.service"] == "share/systemd/pratique-agent.service"
    told = command.get_help(click.Context(command))
    page = (ROOT / "docs" / "agent.md").read_text()
    for line in re.findall(r"^ +((?:program|sudo) ?.*)$", told, re.MULTILINE):
        assert line in page
    assert "/share/systemd/pratique-agent.service" in told and "systemctl enable --now pratique-agent" in told


def test_the_page_lists_every_kind_of_event():
    sources = "".join(path.read_text() for path in (ROOT / "src/pratique/runtime").glob("*.py"))
    kinds = set(re.findall(r'\.tell\(\s*"([a-z-]+)"|"kind": "([a-z-]+)"', sources))
    listed = set(
        re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| (`.*?) \|", (ROOT / "docs/agent.md").read_text(), re.MULTILINE)))
    )
    assert listed == {one or other for one, other in kinds}
