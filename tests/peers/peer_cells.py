"""The cells of the matrix: what, where, with which key, in which form; how each side signs it and how each side verifies it."""

from dataclasses import dataclass
from pathlib import Path

from peer_artifacts import KINDS, Pushed
from peer_keys import FILES, TOKENS, VAULTS, KeyPair
from peer_keys import KINDS as KEYS
from peer_programs import Peers, Pratique, Ran, Verdict

# bundle: a DSSE bundle as referrer, what both write by default; tag: as cosign wrote before version 3; attestation and
# attestation-tag: a statement of some type, in each of the two.
FORMS = ("bundle", "tag", "attestation", "attestation-tag")
REVIEW = "https://example.org/review/v1"
CAUSES = {"untrusted", "invalid", "mismatch"}

# What is no refusal: the other side did not get so far
NOT_ASKED = ("connection refused", "unknown flag", "no such host", "unknown command", "MANIFEST_UNKNOWN", "unsupported scheme")


@dataclass(frozen=True)
class Cell:
    """One cell. `kind`: of the artifact; `mode`: of the registry."""

    kind: str
    mode: str
    key: str
    form: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.mode}-{self.key}-{self.form}"

    @property
    def part(self) -> str:
        """Which part of the evidence gets its byte flipped."""
        return ("signature", "payload")[(KINDS.index(self.kind) + FORMS.index(self.form)) % 2]


def cells(half: int, *, cosign_signs: bool) -> list[Cell]:
    """Half of the matrix: each key in two registries, every kind of artifact in every form; the other half is the rest."""
    keys = (*FILES, *TOKENS, *VAULTS) if cosign_signs else KEYS
    modes = (("spec", "none"), ("ggcr", "debian"))
    found = []
    for number, key in enumerate(keys):
        for turn, mode in enumerate(modes[(number + half) % 2]):
            place = number + 2 * turn + half
            found.append(Cell(KINDS[place % 4], mode, key, FORMS[(place + number // 4 + turn) % 4]))
    return found


def they_sign(peers: Peers, key: KeyPair, form: str, pushed: Pushed, predicate: Path) -> Ran:
    """cosign signs what lies in a registry."""
    offline = peers.offline_old if form.endswith("tag") else peers.offline
    side = key.cosign
    if form.startswith("attestation"):
        stated = ("--type", REVIEW, "--predicate", predicate)
        return peers.cosign("attest", "--key", side.reference, *offline, *stated, pushed.theirs, **side.environ)
    return peers.cosign("sign", "--key", side.reference, *offline, pushed.theirs, **side.environ)


def we_sign(pratique: Pratique, key: KeyPair, form: str, pushed: Pushed, predicate: Path) -> Ran:
    """Our program does."""
    written = ("--form", "cosign" if form.endswith("tag") else "bundle")
    side = key.ours
    if form.startswith("attestation"):
        stated = ("--type", REVIEW, "--predicate", predicate)
        return pratique("attest", pushed.ours, "--key", side.reference, *written, *stated, **side.environ)
    return pratique("sign", pushed.ours, "--key", side.reference, *written, **side.environ)


def they_verify(peers: Peers, public: Path, form: str, subject: str) -> Ran:
    """cosign verifies it, without a log."""
    common = ("--key", public, "--insecure-ignore-tlog=true", subject)
    if form.startswith("attestation"):
        return peers.cosign("verify-attestation", "--type", REVIEW, *common)
    return peers.cosign("verify", *common)


def we_verify(pratique: Pratique, public: Path, form: str, source: str) -> Verdict:
    """Our program does, where it knows nothing but the key."""
    wanted = REVIEW if form.startswith("attestation") else "signature"
    return pratique.answers(source, "--key", public, "--require", wanted, "--no-content")


def refused_by_them(ran: Ran) -> None:
    """cosign looked and said no."""
    assert ran.code != 0, f"accepted: {ran.told()}"
    assert not any(words.lower() in ran.err.lower() for words in NOT_ASKED), ran.told()


def refused_by_us(verdict: Verdict) -> None:
    """We looked and said no, and why: it is not that we overlooked it."""
    assert verdict.code == 1, verdict.ran.told()
    assert verdict.causes & CAUSES, verdict.ran.told()
