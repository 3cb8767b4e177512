"""What a cataloger is, and the collector that keeps hostile metadata within limits. Pure."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pratique.artifact.selection import Interest, Probe
from pratique.lexicon.encodings import decode_text
from pratique.model import Component, Digest, Tree, Unknown

MAX_COMPONENTS = 200_000
MAX_CLAIMS = 2_000_000
MAX_CLAIM_CHARS = 256 << 20  # four times what the names of all files of an artifact may come to
MAX_STEPS = 5_000_000
LINK = "link"
SHA1_OR_LINK = "sha1-or-link"


class FileClaim(NamedTuple):
    """A component lists a path. `owner`: its ref. `digest`: what it says the file is, hex; "" when it does not say.

    `algorithm`: one of hashlib's, or `LINK`: then `digest` is the target of a symbolic link; or `SHA1_OR_LINK`: then it is the
    SHA-1 of the file, or of the target if it is a symbolic link. `configuration`: the owner expects that it is edited.
    A claim without a digest on a path that is not there says nothing: package lists name folders, too.
    """

    path: str
    owner: str
    algorithm: str = ""
    digest: str = ""
    configuration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogued:
    """What one cataloger found. Components may share a ref, when one package lies at several places."""

    components: tuple[Component, ...] = ()
    claims: tuple[FileClaim, ...] = ()
    unknowns: tuple[Unknown, ...] = ()


class Cataloger(Protocol):
    """One ecosystem. Pure: the same tree, the same answer, in the same order.

    A file that cannot be understood costs an `Unknown`, never the run. Time is bounded by the size of what was read: what
    could multiply (edges, look-ups along links) is counted and stopped, and that it was stopped is an `Unknown`.
    """

    @property
    def name(self) -> str:
        """The ecosystem, as in the table of catalogers."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever `interest`, `wants` or a probe changes what it keeps: layers are cached under it."""
        ...

    @property
    def interest(self) -> Interest:
        """The files it may want whole: what is not of interest is never asked about. A tree without any of them, and without
        facts of its probes, is not shown to it."""
        ...

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What reads facts out of files that are too large to keep; found in `Tree.facts`. Several catalogers may share one."""
        ...

    def keeps(self, path: str) -> bool:
        """Whether the content of a `path` of interest is needed whole: nothing but string comparisons."""
        ...

    def catalogue(self, tree: Tree) -> Catalogued:
        """The components that the tree's package metadata describes."""
        ...


class Collector:
    """Gathers a cataloger's findings up to the limits; what is over them is one `Unknown`, not silence."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._components: list[Component] = []
        self._claims: list[FileClaim] = []
        self._unknowns: list[Unknown] = []
        self._full: set[str] = set()
        self._steps = 0
        self._claim_chars = 0

    def component(self, component: Component) -> bool:
        """Add a component; False when there are too many."""
        if len(self._components) >= MAX_COMPONENTS:
            self._stop("components", component.evidence[0] if component.evidence else "", MAX_COMPONENTS)
            return False
        self._components.append(component)
        return True

    def claim(self, path: str, owner: str, algorithm: str = "", digest: str = "", *, configuration: bool = False) -> bool:
        """Add a claim on a path; False when there are too many."""
        self._claim_chars += len(path)
        if len(self._claims) >= MAX_CLAIMS or self._claim_chars > MAX_CLAIM_CHARS:
            self._stop("listed files", path[:200], MAX_CLAIMS)
            return False
        self._claims.append(FileClaim(path, owner, algorithm, digest, configuration))
        return True

    def unknown(self, path: str, reason: str) -> None:
        """A remark: what is at `path` was read, and something about it is not known."""
        self._unknowns.append(Unknown(path, reason))

    def unread(self, path: str, reason: str) -> None:
        """Say that what is at `path`, or a part of it, could not be read: it may tell of packages that are not listed."""
        self._unknowns.append(Unknown(path, reason, unread=True))

    def step(self, path: str, count: int = 1) -> bool:
        """Count look-ups that metadata can multiply; False when there were too many."""
        self._steps += count
        if self._steps > MAX_STEPS:
            self._stop("dependencies to follow", path, MAX_STEPS)
            return False
        return True

    def layer_of(self, path: str) -> Digest | None:
        """The diff_id of the layer that `path` came from."""
        entry = self.tree.entries.get(path)
        return self.tree.layers[entry.layer] if entry is not None and entry.layer < len(self.tree.layers) else None

    def text(self, path: str) -> str | None:
        """The content of `path` as text of any encoding of Unicode, what is not valid replaced; None when it was not read."""
        data = self.tree.contents.get(path)
        return None if data is None else decode_text(data)

    def result(self) -> Catalogued:
        """Everything gathered."""
        return Catalogued(components=tuple(self._components), claims=tuple(self._claims), unknowns=tuple(self._unknowns))

    def _stop(self, what: str, path: str, limit: int) -> None:
        if what not in self._full:
            self._full.add(what)
            self.unread(path, f"more than {limit} {what}: the rest was left out")
