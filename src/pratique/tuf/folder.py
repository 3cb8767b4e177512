"""The folder in which a team keeps its trust, in git: what people edit, what waits for signatures, and what is published.

    trust.yaml            who may say what; with the key files beside it
    draft/root.json       the next root, while holders sign it one after another, on their own machines
    draft/targets.json    the next published document, likewise
    published/            the TUF repository as clients get it: metadata/ and targets/

A draft is only ever what `trust.yaml` and the commands say: whoever signs it compiles it again and compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import load_json
from pratique.errors import DigestMismatch, InputError, NotFound, Untrusted
from pratique.files import read_limited, write_atomic
from pratique.model.digest import Digest
from pratique.trust import Trust
from pratique.trust.document import EXPIRY, read_published
from pratique.tuf.cache import locked, read_state
from pratique.tuf.compile import Compiled, compile_source
from pratique.tuf.metadata import MAX_METADATA_BYTES, first_root, next_root, next_targets, read_metadata
from pratique.tuf.roles import RoleKeys, RoleSigner, RoleState, roles_of, sign_metadata, standing, to_tuf
from pratique.tuf.value import DOCUMENT

_KINDS = {"root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """The folder and everything in it. Reads when asked; raises NotFound, Malformed, InputError."""

    path: Path

    @property
    def source(self) -> Path:
        """What people edit."""
        return self.path / "trust.yaml"

    @property
    def published(self) -> Path:
        """What clients get."""
        return self.path / "published"

    def draft_path(self, role: str) -> Path:
        """Where a draft waits."""
        return self.path / "draft" / f"{role}.json"

    def compile(self) -> Compiled:
        """`trust.yaml` as it would be published. Raises NotFound in a folder without one, and as `compile_source`."""
        if not self.source.exists():
            raise self._nothing_kept()
        return compile_source(self.source)

    def _nothing_kept(self) -> NotFound:
        return NotFound(
            "no trust is kept here", where=str(self.path), hint="run: pratique trust init, or name the folder with -C"
        )

    def root(self) -> Metadata[Root] | None:
        """The newest published root, None before the first publication."""
        versions = self._versions("root")
        return self._read(self.published / "metadata" / f"{versions[-1]}.root.json", "root") if versions else None

    def roots(self) -> dict[str, bytes]:
        """All published roots by their path in the repository."""
        names = [f"metadata/{version}.root.json" for version in self._versions("root")]
        return {name: (self.published / name).read_bytes() for name in names}

    def draft(self, role: str) -> Metadata[Any] | None:
        """The draft of root or targets; one that was published since is none any more."""
        if not self.draft_path(role).exists():
            return None
        draft = self._read(self.draft_path(role), role)
        now = self.root() if role == "root" else self.newest("targets")
        return draft if now is None or draft.signed.version > now.signed.version else None

    def root_ahead(self) -> Metadata[Root]:
        """The root that will be in force: the draft, else the published one. Raises NotFound in a folder without either."""
        root = self.draft("root") or self.root()
        if root is None:
            raise self._nothing_kept()
        return root

    def newest(self, role: str) -> Metadata[Any] | None:
        """The published targets, snapshot or timestamp, None before the first publication."""
        timestamp = self.published / "metadata" / "timestamp.json"
        if not timestamp.exists():
            return None
        found = self._read(timestamp, "timestamp")
        if role == "timestamp":
            return found
        found = self._read(timestamp.with_name(f"{found.signed.snapshot_meta.version}.snapshot.json"), "snapshot")
        if role == "snapshot":
            return found
        return self._read(timestamp.with_name(f"{found.signed.meta['targets.json'].version}.targets.json"), "targets")

    def published_trust(self) -> Trust | None:
        """The published document, verified as far as the folder's first root. Raises Untrusted, DigestMismatch."""
        targets = self.newest("targets")
        if targets is None:
            return None
        self.check()
        path = self.published / "targets" / f"{targets.signed.targets[DOCUMENT].hashes['sha256']}.{DOCUMENT}"
        data = read_bytes(path)
        if Digest.of(data).hex != targets.signed.targets[DOCUMENT].hashes["sha256"]:
            raise DigestMismatch("it was altered", where=str(path), hint="restore it from git")
        return read_published(load_json(data, what="the trust document"), where=str(path))

    def check(self) -> None:
        """That what is published was signed: each root by the one before, the targets by the newest. Raises Untrusted.

        Whoever can write to the folder could else make changes look as if they had been agreed on long ago.
        """
        previous: Root | None = None
        for version in self._versions("root"):
            path = self.published / "metadata" / f"{version}.root.json"
            root = self._read(path, "root")
            if not standing(root, "root", [*([previous] if previous else []), root.signed]).enough:
                raise Untrusted("a published root that its holders did not sign", where=str(path), hint="restore it from git")
            previous = root.signed
        targets = self.newest("targets")
        if targets and previous and not standing(targets, "targets", [previous]).enough:
            raise Untrusted("the published document is not signed by its holders", where=str(self.published))

    def check_followed(self, followed: Path, key: PublicKey) -> None:
        """That this folder goes on from the trust in `followed` (`anchors.client`), if `key` holds anything in that one.

        A signature is good in every repository whose root lists its key. Whoever exchanged the folder for one of his own making
        could else show harmless changes and get a signature that counts elsewhere. Raises Untrusted.
        """
        path = followed / "metadata" / "root.json"
        if not path.exists():
            return
        data = read_bytes(path)
        root: Root = read_metadata(data, Root, str(path)).signed
        if to_tuf(key).keyid not in root.keys:
            return
        hint = "is the folder up to date (git pull), and has nobody exchanged it?"
        if self.roots().get(f"metadata/{root.version}.root.json") != data:
            raise Untrusted("this is not the trust that this machine follows with that key", where=str(self.path), hint=hint)
        targets, seen = self.newest("targets"), read_state(followed)["versions"]["targets"]
        if targets is None or targets.signed.version < seen:
            raise Untrusted(f"older than version {seen}, which this machine has seen", where=str(self.path), hint=hint)

    def check_vacant(self) -> None:
        """Raises InputError where a trust is kept already."""
        if self.root() or self.draft("root"):
            raise InputError("there is a trust here", where=str(self.path), hint="choose another folder")

    def start(self, roles: Mapping[str, RoleKeys], source: str, *, now: int) -> None:
        """Make the folder with the draft of a first root, and a `trust.yaml` unless there is one. Raises as `check_vacant`."""
        self.check_vacant()
        if not self.source.exists():
            write_atomic(self.source, source.encode())
        self._write_draft("root", first_root(roles, days=EXPIRY["root"], now=now))

    def change_roles(self, changes: Mapping[str, RoleKeys], *, now: int) -> Metadata[Root]:
        """Draft the next root with these roles held by others. A draft that waits is changed; its signatures fall away."""
        published, ahead = self.root(), self.root_ahead()
        roles = {**roles_of(ahead.signed), **changes}
        days = self.compile().expiry["root"]
        draft = next_root(published.signed, roles, days=days, now=now) if published else first_root(roles, days=days, now=now)
        self._write_draft("root", draft)
        return draft

    def changed(self, compiled: Compiled) -> bool:
        """Whether what was compiled is other than what is published."""
        targets = self.newest("targets")
        return targets is None or _hashes(targets.signed) != _file_hashes(compiled)

    def drafted(self, compiled: Compiled) -> bool:
        """Whether the draft of the targets is what was compiled."""
        draft = self.draft("targets")
        return draft is not None and _hashes(draft.signed) == _file_hashes(compiled)

    def sign(self, signer: RoleSigner, *, now: int, renew: bool = False) -> dict[str, RoleState]:
        """Sign whatever waits for this signer: a drafted root, and the document when it changed. How far each now is, by role.

        `renew`: draft the next version of both although nothing changed, because they are about to expire. Nothing is written
        unless every signature could be made. Raises InputError when nothing waits for this key, and what the signer raises.
        """
        with locked(self.path):
            self.check()
            drafts = self._prepare(now=now, renew=renew)
            own = to_tuf(signer.public_key).keyid
            mine = {
                role: draft
                for role, draft in drafts.items()
                if any(own in rule.roles[role].keyids for rule in self._rules(role, drafts))
            }
            if not mine:
                waiting = ", ".join(drafts) or "nothing"
                hint = "pratique trust show tells whose signatures are missing"
                raise InputError(f"there is nothing for this key to sign; waiting: {waiting}", where=str(self.path), hint=hint)
            for draft in mine.values():
                sign_metadata(draft, signer)
            for role, draft in mine.items():
                self._write_draft(role, draft)
            return {role: standing(draft, role, self._rules(role, drafts)) for role, draft in mine.items()}

    def standings(self) -> dict[str, RoleState]:
        """How far each draft is signed."""
        drafts = {role: draft for role in ("root", "targets") if (draft := self.draft(role))}
        return {role: standing(draft, role, self._rules(role, drafts)) for role, draft in drafts.items()}

    def discard_drafts(self) -> None:
        """Remove drafts: they are published."""
        for role in ("root", "targets"):
            self.draft_path(role).unlink(missing_ok=True)

    def _prepare(self, *, now: int, renew: bool) -> dict[str, Metadata[Any]]:
        """The drafts that must be signed: those that wait, and the document's when it changed or its signers did."""
        compiled = self.compile()
        drafts: dict[str, Metadata[Any]] = {}
        published = self.root()
        if root := self.draft("root"):
            drafts["root"] = root
        elif renew and published:
            drafts["root"] = next_root(published.signed, {}, days=compiled.expiry["root"], now=now)
        if (waiting := self.draft("targets")) and _hashes(waiting.signed) == _file_hashes(compiled):
            return drafts | {"targets": waiting}
        targets = self.newest("targets")
        ahead = (drafts.get("root") or self.root_ahead()).signed
        if renew or targets is None or self.changed(compiled) or not standing(targets, "targets", [ahead]).enough:
            version = targets.signed.version + 1 if targets else 1
            drafts["targets"] = next_targets(compiled.targets, version=version, days=compiled.expiry["targets"], now=now)
        return drafts

    def _rules(self, role: str, drafts: Mapping[str, Metadata[Any]]) -> list[Root]:
        """The roots whose rules must be met: for a root the one before and itself (§5.3.4), for targets the next."""
        published = self.root()
        ahead = (drafts.get("root") or self.root_ahead()).signed
        return [published.signed, ahead] if role == "root" and published else [ahead]

    def _versions(self, role: str) -> list[int]:
        names = (path.name.split(".") for path in self.published.glob(f"metadata/*.{role}.json"))
        return sorted(int(name[0]) for name in names if name[0].isdecimal())

    def _read(self, path: Path, role: str) -> Metadata[Any]:
        return read_metadata(read_bytes(path), _KINDS[role], str(path))

    def _write_draft(self, role: str, draft: Metadata[Any]) -> None:
        write_atomic(self.draft_path(role), draft.to_bytes())


def read_bytes(path: Path) -> bytes:
    """A file of the trust, of bounded size. Raises NotFound, InputError, LimitExceeded."""
    try:
        return read_limited(path, MAX_METADATA_BYTES * 8)
    except NotFound as error:
        raise NotFound("a file of the trust is missing", where=str(path), hint="restore it from git") from error


def _hashes(targets: Targets) -> dict[str, str]:
    return {path: info.hashes.get("sha256", "") for path, info in targets.targets.items()}


def _file_hashes(compiled: Compiled) -> dict[str, str]:
    return {path: Digest.of(data).hex for path, data in compiled.targets.items()}
