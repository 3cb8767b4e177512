"""`pratique agent run`: hold running containers to their signed file manifests."""

import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import find_home
from pratique.app.home_log import open_logged_signer
from pratique.cli.commands import CommandGroup
from pratique.cli.options import passphrase_option
from pratique.cli.output import printable
from pratique.cli.signers import load_machine_signer
from pratique.cli.trust_anchors import anchor_options, chosen_anchors, refuse_key_as_trust
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.model import FileManifest
    from pratique.runtime.config import Unverified
    from pratique.runtime.workloads import RunningContainer


@click.group(cls=CommandGroup)
def command() -> None:
    """Hold running containers to their signed file manifests.

    \b
    As a service of systemd's, with the unit file that comes with this program; docs/agent.md says more:
      program=$(readlink -f "$(command -v pratique)")
      sudo ln -sf "$program" /usr/local/bin/pratique
      sudo install -D -m 644 "${program%/bin/*}/share/systemd/pratique-agent.service" -t /etc/systemd/system
      sudo install -d -m 700 /etc/pratique
      sudo tee /etc/pratique/agent.env <<< 'PRATIQUE_AGENT_OPTIONS="--mode enforce --key /etc/pratique/release.pub"'
      sudo systemctl enable --now pratique-agent
    """


@command.command()
@click.option("--mode", type=click.Choice(["enforce", "observe"]), default="observe", show_default=True)
@click.option(
    "--engine", type=click.Choice(["podman"]), default="podman", show_default=True, expose_value=False, help="Whose containers."
)
@click.option(
    "--manifest-from",
    "origin",
    type=click.Choice(["registry", "dir", "catalog"]),
    default="catalog",
    show_default=True,
    help="Where the signed file manifests are: beside the image, in an OCI layout, or in this home's catalog.",
)
@click.option("--dir", "directory", type=click.Path(), help="The OCI layout for --manifest-from dir.")
@anchor_options
@click.option("--report-key", type=click.Path(), help="The private key for reports; default this machine's service key.")
@passphrase_option
@click.option(
    "--on-violation",
    type=click.Choice(["none", "freeze", "stop"]),
    default="none",
    show_default=True,
    help="What is done, in enforce mode, to a container that ran or tried what its manifest does not know.",
)
@click.option("--seal", is_flag=True, help="Remount the root of each container read-only.")
@click.option("--strict-scripts", is_flag=True, help="Refuse unknown scripts when they are opened, too.")
@click.option("--container", "only", multiple=True, help="Watch only containers of this name; may be repeated.")
@click.option(
    "--report-every", type=click.FloatRange(min=1), default=300, show_default=True, help="Seconds between signed reports."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--all", "everything", is_flag=True, help="Also print what matched.")
def run(
    mode: str,
    origin: str,
    directory: str | None,
    report_key: str | None,
    passphrase_file: str | None,
    on_violation: str,
    seal: bool,
    strict_scripts: bool,
    only: tuple[str, ...],
    report_every: float,
    as_json: bool,
    everything: bool,
    **beliefs: Any,
) -> None:
    """Watch running containers until interrupted. As root.

    Believed about manifests is whom the options name, else whom the trust that this machine follows names; what that trust
    takes back or ends is out also for whom the options name.

    In enforce mode the kernel refuses what the signed manifest of the image does not know; in observe mode it is reported.
    A container whose image has no verified manifest is itself a violation.
    """
    from pratique.app.publish_report import publish_report
    from pratique.app.verified_manifest import verified_manifest
    from pratique.runtime.agent import run_agent
    from pratique.runtime.config import AgentConfig
    from pratique.runtime.node import load_node
    from pratique.runtime.respond import Response
    from pratique.runtime.watch import Rules
    from pratique.runtime.workloads import PodmanEngine

    if os.geteuid() != 0:
        raise InputError("the agent watches through the kernel and needs root", hint="run it with sudo")
    if origin == "dir" and not directory:
        raise InputError("--manifest-from dir needs --dir PATH")
    home = find_home()
    refuse_key_as_trust(beliefs["trust"])

    def believed() -> "TrustAnchors":
        return chosen_anchors(home, **beliefs, beside_trust=True)

    believed()  # what cannot be believed at the start is said at the start
    logged_signer = open_logged_signer(home, load_machine_signer(home, report_key, passphrase_file))
    node, boot_id = load_node()
    stop, told = threading.Event(), list[str]()

    def stopped(number: int, _: object) -> None:
        told.append(signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)

    def emit(event: dict[str, Any]) -> None:
        click.echo(json.dumps(event, ensure_ascii=False) if as_json else _line(event))

    def manifests(workload: "RunningContainer") -> "FileManifest | Unverified":
        return verified_manifest(home, workload, believed, origin, directory)

    run_agent(
        AgentConfig(
            rules=Rules(enforce=mode == "enforce", strict_scripts=strict_scripts, verbose=everything),
            node=node,
            boot_id=boot_id,
            scope=_scope(only, origin, directory, report_every),
            on_violation=Response(on_violation),
            seal=seal,
            report_interval_s=report_every,
        ),
        engine=PodmanEngine(only=only),
        manifests=manifests,
        emit=emit,
        publish_report=lambda report: publish_report(home, logged_signer, report),
        clock=time.time,
        stop_event=stop,
        why_stopped=lambda: f"{told[0]} came",
    )


def _scope(only: tuple[str, ...], origin: str, directory: str | None, report_every: float) -> str:
    """What the log says at the start."""
    containers = f"podman's containers {', '.join(only)}" if only else "all of podman's containers"
    places = {"registry": "beside their images", "dir": f"in {directory}", "catalog": "in this home's catalog"}
    return f"{containers}, manifests {places[origin]}, a signed report every {report_every:g} s"


def _line(event: dict[str, Any]) -> str:
    """One event for a person."""
    kind = event.get("kind", "")
    workload = f"{event.get('workload') or 'agent'}: "
    if kind != "exec-or-load":
        detail = f" ({event['detail']})" if event.get("detail") else ""
        return printable(f"{event.get('time', '')} {workload}{event.get('action', kind)}{detail}")
    owner = f", of {event['component']}" if event.get("component") else ""
    what = f"{event['action']} {event['path'] or '(the container)'}: {event['verdict']}{owner}"
    by = f" by {event['process']}[{event['pid']}] from {event['parent']}[{event['parent_pid']}]"
    detail = f": {event['detail']}" if event.get("detail") else ""
    return printable(f"{event['time']} {workload}{what}{by}{detail}")
