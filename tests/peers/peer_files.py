"""A file and what is said about it beside it: cells, and how each side signs and verifies them."""

import base64
import uuid
from dataclasses import dataclass
from pathlib import Path

from peer_cells import REVIEW
from peer_damage import flip_document
from peer_keys import FILES, TOKENS, VAULTS, KeyPair
from peer_keys import KINDS as KEYS
from peer_programs import Peers, Pratique, Ran, Verdict

# message: a bundle over the bytes alone, as sign-blob writes; statement: a DSSE bundle that says "signed"; attestation:
# a statement of some type; raw: a bare signature in base64.
THEIR_FORMS = ("message", "attestation", "raw")
OUR_FORMS = ("message", "statement", "attestation", "raw")


@dataclass(frozen=True)
class FileCell:
    key: str
    form: str

    def __str__(self) -> str:
        return f"file-{self.key}-{self.form}"


def file_cells(half: int, *, cosign_signs: bool) -> list[FileCell]:
    """Each key in half of the forms."""
    keys = (*FILES, *TOKENS, *VAULTS) if cosign_signs else KEYS
    forms = THEIR_FORMS if cosign_signs else OUR_FORMS
    found = [(n + f, FileCell(key, form)) for n, key in enumerate(keys) for f, form in enumerate(forms)]
    return [cell for number, cell in found if number % 2 == half]


@dataclass(frozen=True)
class Signed:
    """A file and the one piece of evidence beside it, named so that both sides find it."""

    file: Path
    evidence: Path
    form: str

    def moved(self, folder: Path, *, data: bytes | None = None, evidence: bytes | None = None) -> "Signed":
        """The same in another folder, with other bytes."""
        folder.mkdir(parents=True)
        made = Signed(folder / self.file.name, folder / self.evidence.name, self.form)
        made.file.write_bytes(self.file.read_bytes() if data is None else data)
        made.evidence.write_bytes(self.evidence.read_bytes() if evidence is None else evidence)
        return made

    def damaged(self, part: str) -> bytes:
        """The evidence with one bit of it flipped."""
        data = self.evidence.read_bytes()
        if self.form != "raw":
            return flip_document(data, part)
        raw = bytearray(base64.b64decode(data))
        raw[len(raw) // 2] ^= 1
        return base64.b64encode(raw)


def new_file(folder: Path, form: str) -> Signed:
    """A file that is not signed yet."""
    folder.mkdir(parents=True)
    file = folder / "program.bin"
    file.write_bytes(b"\x7fELF " + uuid.uuid4().bytes * 50)
    return Signed(file, folder / ("program.bin.sig" if form == "raw" else "program.bin.sigstore.json"), form)


def they_sign(peers: Peers, key: KeyPair, made: Signed, predicate: Path) -> Ran:
    """cosign signs it."""
    side = key.cosign
    if made.form == "raw":
        command = ("sign-blob", *peers.offline_old, "--output-signature", made.evidence)
    elif made.form == "message":
        command = ("sign-blob", *peers.offline, "--bundle", made.evidence)
    else:
        command = ("attest-blob", *peers.offline, "--bundle", made.evidence, "--type", REVIEW, "--predicate", predicate)
    return peers.cosign(*command, "--key", side.reference, made.file, **side.environ)


def we_sign(pratique: Pratique, key: KeyPair, made: Signed, predicate: Path) -> Ran:
    """Our program does."""
    source, side = f"file:{made.file}", key.ours
    if made.form == "attestation":
        command = ("attest", source, "--file", "--type", REVIEW, "--predicate", predicate)
    else:
        form = "bundle" if made.form == "statement" else made.form
        command = ("sign", source, "--file", "--form", form)
    return pratique(*command, "--key", side.reference, **side.environ)


def they_verify(peers: Peers, public: Path, made: Signed) -> Ran:
    """cosign verifies it, without a log."""
    common = ("--key", public, "--insecure-ignore-tlog=true", made.file)
    if made.form == "raw":
        return peers.cosign("verify-blob", "--signature", made.evidence, *common)
    if made.form == "attestation":
        return peers.cosign("verify-blob-attestation", "--bundle", made.evidence, "--type", REVIEW, *common)
    return peers.cosign("verify-blob", "--bundle", made.evidence, *common)


def we_verify(pratique: Pratique, public: Path, made: Signed) -> Verdict:
    """Our program does, where it knows nothing but the key."""
    wanted = REVIEW if made.form == "attestation" else "signature"
    return pratique.answers(f"file:{made.file}", "--key", public, "--require", wanted)
