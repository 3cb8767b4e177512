"""The tests of a half of the matrix, made for the file that asks for them: both halves are held to the very same."""

import uuid
from collections.abc import Callable
from pathlib import Path

import peer_files
from peer_artifacts import Pushed
from peer_cells import Cell, refused_by_them, refused_by_us, they_sign, they_verify, we_sign, we_verify
from peer_damage import copied, flipped, plant, whole
from peer_files import FileCell, Signed, new_file
from peer_keys import KeyPair
from peer_programs import Peers, Pratique
from peer_stores import Store, bring_back, take


class Matrix:
    """What both directions of a cell need. Signed artifacts are kept, for both tests of a cell look at the same."""

    def __init__(
        self,
        peers: Peers,
        pratique: Pratique,
        elsewhere: Pratique,
        keypair: Callable[..., KeyPair],
        artifact: Callable[[str, str], Pushed],
        folder: Path,
    ) -> None:
        self.peers, self.pratique, self.elsewhere, self.keypair, self.artifact = peers, pratique, elsewhere, keypair, artifact
        self.predicate = folder / "review.json"
        self.predicate.write_text('{"verdict": "good"}')
        self.folder = folder
        self.signed: dict[tuple[bool, Cell], Pushed] = {}

    def new_folder(self) -> Path:
        """A name below the matrix's folder that nothing has yet."""
        return self.folder / uuid.uuid4().hex

    def by_them(self, cell: Cell) -> Pushed:
        """Signed by cosign."""
        return self._signed(cell, True)

    def by_us(self, cell: Cell) -> Pushed:
        """Signed by our program."""
        return self._signed(cell, False)

    def _signed(self, cell: Cell, cosign: bool) -> Pushed:
        if (cosign, cell) not in self.signed:
            pushed, key = self.artifact(cell.kind, cell.mode), self.keypair(cell.key)
            if cosign:
                they_sign(self.peers, key, cell.form, pushed, self.predicate).ok()
            else:
                we_sign(self.pratique, key, cell.form, pushed, self.predicate).ok()
            self.signed[cosign, cell] = pushed
        return self.signed[cosign, cell]

    def refusals(self, cell: Cell, pushed: Pushed) -> list[tuple[str, Pushed, Path]]:
        """What must be refused, why, and with which key it is looked at."""
        public, registry = self.keypair(cell.key).public, pushed.raw.registry
        other = plant(pushed, self.artifact(cell.kind, cell.mode), whole)
        altered = plant(pushed, copied(pushed, registry, self.peers, "altered"), flipped(cell.part))
        return [
            ("a wrong key", pushed, self.keypair(cell.key, "stranger").public),
            ("another digest", other, public),
            (f"a flipped byte of the {cell.part}", altered, public),
        ]

    def control(self, pushed: Pushed) -> Pushed:
        """Planted whole in another repository: only the damage makes the difference."""
        return plant(pushed, copied(pushed, pushed.raw.registry, self.peers, "whole"), whole)


def holds_here(matrix: Matrix, cell: Cell, pushed: Pushed) -> None:
    """We accept what cosign signed; where we do not, it is asked first whether it accepts that itself."""
    public = matrix.keypair(cell.key).public
    verdict = we_verify(matrix.elsewhere, public, cell.form, pushed.ours)
    if verdict.code != 0:
        they_verify(matrix.peers, public, cell.form, pushed.theirs).ok()
    assert verdict.code == 0, verdict.ran.told()


def check_what_cosign_signed_verifies_here(matrix: Matrix, cell: Cell) -> None:
    holds_here(matrix, cell, matrix.by_them(cell))


def check_what_cosign_signed_is_refused_here_when_it_is_altered(matrix: Matrix, cell: Cell) -> None:
    pushed = matrix.by_them(cell)
    holds_here(matrix, cell, matrix.control(pushed))
    for _, subject, key in matrix.refusals(cell, pushed):
        refused_by_us(we_verify(matrix.elsewhere, key, cell.form, subject.ours))


def check_what_we_sign_verifies_with_cosign(matrix: Matrix, cell: Cell) -> None:
    they_verify(matrix.peers, matrix.keypair(cell.key).public, cell.form, matrix.by_us(cell).theirs).ok()


def check_what_we_sign_is_refused_by_both_when_it_is_altered(matrix: Matrix, cell: Cell) -> None:
    pushed, public = matrix.by_us(cell), matrix.keypair(cell.key).public
    assert we_verify(matrix.elsewhere, public, cell.form, matrix.control(pushed).ours).code == 0
    for _, subject, key in matrix.refusals(cell, pushed):
        refused_by_them(they_verify(matrix.peers, key, cell.form, subject.theirs))
        refused_by_us(we_verify(matrix.elsewhere, key, cell.form, subject.ours))


def check_what_cosign_signed_is_found_in_a_store(matrix: Matrix, store: Store) -> None:
    """It verifies in the store, and with cosign in the registry that it is copied back to; what is altered does not."""
    cell = Cell(store.kind, store.mode, "p256", store.form)
    pushed, public = matrix.by_them(cell), matrix.keypair(cell.key).public

    def taken(name: str, what: Pushed) -> str:
        return take(store, what, matrix.peers, matrix.pratique, matrix.folder / str(store) / name)

    source = taken("whole", pushed)
    verdict = we_verify(matrix.elsewhere, public, cell.form, source)
    assert verdict.code == 0, verdict.ran.told()
    back = bring_back(source, pushed, pushed.raw.registry, matrix.elsewhere)
    they_verify(matrix.peers, public, cell.form, back.theirs).ok()
    for number, (_, subject, key) in enumerate(matrix.refusals(cell, pushed)):
        altered = source if subject is pushed else taken(f"altered-{number}", subject)
        refused_by_us(we_verify(matrix.elsewhere, key, cell.form, altered))


def check_what_cosign_signed_beside_a_file_verifies_here(matrix: Matrix, cell: FileCell) -> None:
    """And is refused with a wrong key, beside another file, and with a flipped byte."""
    made, key = new_file(matrix.new_folder(), cell.form), matrix.keypair(cell.key)
    peer_files.they_sign(matrix.peers, key, made, matrix.predicate).ok()
    verdict = peer_files.we_verify(matrix.elsewhere, key.public, made)
    assert verdict.code == 0, verdict.ran.told()
    for public, altered in _altered(matrix, cell, made):
        refused_by_us(peer_files.we_verify(matrix.elsewhere, public, altered))


def check_what_we_sign_beside_a_file_verifies_with_cosign(matrix: Matrix, cell: FileCell) -> None:
    """And both refuse it with a wrong key, beside another file, and with a flipped byte."""
    made, key = new_file(matrix.new_folder(), cell.form), matrix.keypair(cell.key)
    peer_files.we_sign(matrix.pratique, key, made, matrix.predicate).ok()
    verdict = peer_files.we_verify(matrix.elsewhere, key.public, made)
    assert verdict.code == 0, verdict.ran.told()
    for public, altered in _altered(matrix, cell, made):
        refused_by_them(peer_files.they_verify(matrix.peers, public, altered))
        refused_by_us(peer_files.we_verify(matrix.elsewhere, public, altered))
    peer_files.they_verify(matrix.peers, key.public, made).ok()


def _altered(matrix: Matrix, cell: FileCell, made: Signed) -> list[tuple[Path, Signed]]:
    """Keys and files that do not fit."""
    public = matrix.keypair(cell.key).public
    found = [
        (matrix.keypair(cell.key, "stranger").public, made),
        (public, made.moved(matrix.new_folder(), data=b"another program")),
        (public, made.moved(matrix.new_folder(), evidence=made.damaged("signature"))),
    ]
    if cell.form != "raw":
        found.append((public, made.moved(matrix.new_folder(), evidence=made.damaged("payload"))))
    return found
