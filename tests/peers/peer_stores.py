"""Stores that are no registry, and how evidence gets into them and out again: by cosign, by oras and by us."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

from peer_artifacts import KINDS, Pushed
from peer_cells import FORMS
from peer_programs import Peers, Pratique
from peer_registry import MODES, Registry

# Those that carry tags, and those that carry referrers alone
BY_COSIGN, BY_ORAS, BY_US = ("save", "save-archive"), ("backup", "backup-archive", "oras-layout"), ("our-layout", "our-export")


@dataclass(frozen=True)
class Store:
    """One cell: an artifact of `kind`, signed in `form` in a registry of `mode`, is taken from there into a store by `way`."""

    way: str
    kind: str
    form: str
    mode: str

    def __str__(self) -> str:
        return f"{self.way}-{self.kind}-{self.mode}-{self.form}"

    @property
    def part(self) -> str:
        return ("signature", "payload")[(KINDS.index(self.kind) + len(self.way)) % 2]


def stores(half: int) -> list[Store]:
    """Half of all stores, kinds and forms; registries take turns."""
    found = []
    for way in (*BY_COSIGN, *BY_ORAS, *BY_US):
        forms = tuple(form for form in FORMS if not (way in BY_ORAS and form.endswith("tag")))
        for kind in KINDS:
            for form in forms:
                number = KINDS.index(kind) + FORMS.index(form)
                found.append(Store(way, kind, form, MODES[(number + len(found)) % 4]))
    return [
        store
        for store in found
        if (KINDS.index(store.kind) + FORMS.index(store.form) // (1 + (store.way in BY_ORAS))) % 2 == half
    ]


def take(store: Store, pushed: Pushed, peers: Peers, pratique: Pratique, folder: Path) -> str:
    """Takes it from its registry into a store in `folder`; the source as our commands name it."""
    folder.mkdir(parents=True)
    place = folder / "store"
    if store.way in BY_COSIGN:
        peers.cosign("save", "--dir", place, pushed.tagged).ok()
    elif store.way == "oras-layout":
        peers.oras("cp", "-r", "--from-plain-http", "--no-tty", "--to-oci-layout", pushed.tagged, f"{place}:{pushed.tag}").ok()
    elif store.way in BY_ORAS:
        place = place.with_suffix(".tar") if store.way.endswith("archive") else place
        peers.oras("backup", "--plain-http", "--no-tty", "--include-referrers", "--output", place, pushed.tagged).ok()
    elif store.way == "our-layout":
        pratique("copy", pushed.ours, f"oci-dir:{place}:{pushed.tag}").ok()
    else:
        pratique("bundle", "export", pushed.ours, "--output", place.with_suffix(".tar")).ok()
        place = place.with_suffix(".tar")
    if store.way == "save-archive":
        place = _tarred(place)
    return f"oci-archive:{place}" if place.suffix == ".tar" else f"oci-dir:{place}"


def bring_back(source: str, pushed: Pushed, registry: Registry, pratique: Pratique) -> Pushed:
    """Copied from a store into another repository, by us."""
    raw = type(pushed.raw)(registry, f"{pushed.raw.name}-back")
    pratique("copy", source, f"registry:{raw.place}:{pushed.tag}").ok()
    return Pushed(pushed.kind, raw, pushed.tag, pushed.digest)


def _tarred(folder: Path) -> Path:
    """A layout as an archive, with nothing but the layout in it."""
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for entry in sorted(folder.iterdir()):
            tar.add(entry, entry.name)
    return path
