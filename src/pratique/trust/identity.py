"""The signers that speak for an authority: a key, a workload, a name in a certificate; exact, or anchored on both sides. Pure.

Each can tell whether it is a given signer, and whether some signer could be both it and another: an authority counts once, so
no signer may speak for two.
"""

import hashlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from pratique.errors import Malformed
from pratique.model.signer import CertifiedSigner, KeySigner, Signer, WorkloadSigner
from pratique.trust.lifetime import ALWAYS, Lifetime

_KEYID = re.compile(r"[0-9a-f]{64}")
_ISSUER = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?")
_URI = re.compile(r"(?P<start>[a-z][a-z0-9+.-]*://[^/*]+/[^/*]+/)(?P<rest>.*)", re.DOTALL)
MAX_SUBJECT = 2048  # characters
MAX_MATCHED = 512  # characters of a subject that an expression is tried on: certificates in use have fewer than 300
MAX_REPEATS = 4  # each may multiply the work by the subject's length
_ANYBODY = ("somebody@nowhere.invalid", "https://nowhere.invalid/some/body", "spiffe://nowhere.invalid/x")  # RFC 2606: nobody's
_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|.", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key. `keyid`: hex SHA-256 of its DER SubjectPublicKeyInfo; `spki`: that DER, where it is carried along.

    `algorithm`: what it is registered for, where the key alone does not tell (RSA); empty for what it tells.
    """

    keyid: str
    spki: bytes = b""
    algorithm: str = ""
    lifetime: Lifetime = ALWAYS

    def __post_init__(self) -> None:
        if not _KEYID.fullmatch(self.keyid):
            raise Malformed(f"not a key id: {self.keyid[:80]!r}")
        if self.spki and hashlib.sha256(self.spki).hexdigest() != self.keyid:
            raise Malformed(f"key {self.keyid[:12]}… does not have the key id that it is listed under")

    @classmethod
    def of(cls, spki: bytes, lifetime: Lifetime = ALWAYS, algorithm: str = "") -> "Key":
        """The key with these DER bytes."""
        return cls(keyid=hashlib.sha256(spki).hexdigest(), spki=spki, algorithm=algorithm, lifetime=lifetime)

    def speaks_as(self, signer: Signer) -> bool:
        """Whether this is the signer."""
        return isinstance(signer, KeySigner) and signer.keyid == self.keyid

    def __str__(self) -> str:
        return f"key {self.keyid[:12]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIdentity:
    """An OIDC identity. `issuer`: exact. `subject`: exact, or with `pattern` a URI in which `*` stands for part of a segment.

    `claims`: Fulcio extensions by name and the exact value each must have; all of them must be there. A pattern begins with
    scheme, host and first path segment spelled out, has at most one `*` in a segment, and matches the whole subject.
    Raises Malformed for everything that would match more than it shows.
    """

    issuer: str
    subject: str
    pattern: bool = False
    claims: Mapping[str, str] = field(default_factory=dict)
    lifetime: Lifetime = ALWAYS

    def __post_init__(self) -> None:
        if not _ISSUER.fullmatch(self.issuer):
            raise Malformed(f"not an issuer: {self.issuer[:80]!r}", hint="write its URL in full; an issuer has no wildcards")
        if not self.subject or len(self.subject) > MAX_SUBJECT or not self.subject.isprintable():
            raise Malformed(f"not a subject: {self.subject[:80]!r}")
        if not self.pattern:
            return
        match = _URI.fullmatch(self.subject)
        if match is None:
            hint = "write scheme, host and the first segment in full, as in https://github.com/acme/*; e-mail addresses are exact"
            raise Malformed(f"a subject pattern that is not anchored: {self.subject[:80]!r}", hint=hint)
        if any(segment.count("*") > 1 for segment in match["rest"].split("/")):
            raise Malformed(f"a subject pattern with two * in one segment: {self.subject[:80]!r}")

    def speaks_as(self, signer: Signer) -> bool:
        """Whether this is the signer: issuer, whole subject, and every claim."""
        if not isinstance(signer, WorkloadSigner) or signer.issuer != self.issuer:
            return False
        if any(signer.claims.get(name) != value for name, value in self.claims.items()):
            return False
        if not self.pattern:
            return signer.subject == self.subject
        mine, theirs = self.subject.split("/"), signer.subject.split("/")
        return len(mine) == len(theirs) and all(map(_segment_matches, mine, theirs))

    def overlaps(self, other: "Named") -> bool:
        """Whether a signer could be both: same issuer, no claim that tells them apart, subjects that meet in every segment."""
        if not isinstance(other, WorkloadIdentity) or other.issuer != self.issuer:
            return False
        if any(other.claims.get(name, value) != value for name, value in self.claims.items()):
            return False
        mine, theirs = self.subject.split("/"), other.subject.split("/")
        sides = self.pattern, other.pattern
        return len(mine) == len(theirs) and all(_segments_meet(a, b, sides) for a, b in zip(mine, theirs, strict=True))

    def __str__(self) -> str:
        claims = "".join(f", {name}={value}" for name, value in sorted(self.claims.items()))
        return f"{self.subject} (by {self.issuer}{claims})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A name in certificates of a notation trust store. `store`: `TYPE:NAME`; `name`: the whole subject, RFC 4514, exact.

    `thumbprint`: hex SHA-256 of one certificate; empty for any that bears the name.
    """

    store: str
    name: str
    thumbprint: str = ""
    lifetime: Lifetime = ALWAYS

    def __post_init__(self) -> None:
        if not self.store or not self.name or "*" in self.name or not self.name.isprintable():
            raise Malformed(f"not a name in a trust store: {self.store[:80]!r}, {self.name[:80]!r}")
        if self.thumbprint and not _KEYID.fullmatch(self.thumbprint):
            raise Malformed(f"not a thumbprint: {self.thumbprint[:80]!r}", hint="64 lower-case hexadecimal digits")

    def speaks_as(self, signer: Signer) -> bool:
        """Whether this is the signer."""
        if not isinstance(signer, CertifiedSigner) or (signer.store, signer.name) != (self.store, self.name):
            return False
        return self.thumbprint in ("", signer.thumbprint)

    def overlaps(self, other: "Named") -> bool:
        """Whether a signer could be both."""
        if not isinstance(other, Certified) or (other.store, other.name) != (self.store, self.name):
            return False
        return not self.thumbprint or not other.thumbprint or self.thumbprint == other.thumbprint

    def __str__(self) -> str:
        pin = f", certificate {self.thumbprint[:12]}…" if self.thumbprint else ""
        return f"{self.name} (trust store {self.store}{pin})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRegexp:
    """Identities of one issuer by a regular expression, as cosign's users write them; for a command line, not for a trust.

    It must match the *whole* subject: cosign lets a match anywhere in it do, so that `acme` is `https://evil.example/acme` too.
    Raises Malformed for one that matches whoever comes, that could take for ever, or that two readers would read differently.
    """

    issuer: str
    regexp: str
    lifetime: Lifetime = ALWAYS

    def __post_init__(self) -> None:
        if not _ISSUER.fullmatch(self.issuer):
            raise Malformed(f"not an issuer: {self.issuer[:80]!r}", hint="write its URL in full; an issuer has no wildcards")
        if not self.regexp or len(self.regexp) > MAX_SUBJECT or not self.regexp.isprintable():
            raise Malformed(f"not a regular expression for an identity: {self.regexp[:80]!r}")
        _check_simple(self.regexp)
        try:
            matcher = self._matcher()
        except (re.error, RecursionError, OverflowError) as error:
            raise Malformed(f"not a regular expression: {self.regexp[:80]!r}: {error}") from error
        if any(matcher.fullmatch(probe) for probe in _ANYBODY):
            hint = "spell out a host, an organisation or a domain"
            raise Malformed(f"the regular expression {self.regexp[:80]!r} believes whoever comes", hint=hint)

    def _matcher(self) -> re.Pattern[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets that may mean something else one day
            return re.compile(self.regexp)

    def speaks_as(self, signer: Signer) -> bool:
        """Whether this is the signer: issuer, and the whole subject, up to 512 characters."""
        if not isinstance(signer, WorkloadSigner) or signer.issuer != self.issuer or len(signer.subject) > MAX_MATCHED:
            return False
        return self._matcher().fullmatch(signer.subject) is not None

    def __str__(self) -> str:
        return f"{self.regexp} (by {self.issuer})"


Named = WorkloadIdentity | WorkloadRegexp | Certified
"""Those that a signer could be several of; a key is its ID, and is compared with nothing."""

Identity = Key | Named


def _check_simple(regexp: str) -> None:
    """Refuse what RE2, whose expressions these are, does not have, and what backtracks without end on a hostile subject."""
    # One flag for each open group: whether something in it may match in several ways. That of the whole nobody asks for.
    varies, repeats, after_group = [False], 0, False
    for item in _PIECES.findall(regexp):
        closed, after_group = after_group, False
        if item[1:].isdigit():  # which only a backslash begins
            raise Malformed(f"a regular expression that refers back: {regexp[:80]!r}")
        if item == "(?":
            raise Malformed(f"a regular expression with a group of a kind that is not read: {regexp[:80]!r}")
        if item in ("(", "(?:"):
            varies.append(False)
        elif item == ")" and len(varies) > 1:
            after_group = varies.pop()
            varies[-1] = varies[-1] or after_group
        elif item in ("*", "+", "{"):
            if closed:
                raise Malformed(f"a regular expression that repeats what can be read in several ways: {regexp[:80]!r}")
            repeats, varies[-1] = repeats + 1, True
        elif item in ("?", "|"):
            varies[-1] = True
    if repeats > MAX_REPEATS:
        raise Malformed(f"a regular expression that repeats more than {MAX_REPEATS} times: {regexp[:80]!r}")


def _segment_matches(pattern: str, text: str) -> bool:
    """`*` stands for one or more characters of this segment, everything else for itself."""
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) > len(head) + len(tail) and text.startswith(head) and text.endswith(tail)


def _segments_meet(left: str, right: str, patterns: tuple[bool, bool]) -> bool:
    """Whether some text matches both. In a subject that is no pattern, `*` is a character like any other."""
    left_star, right_star = (pattern and "*" in segment for pattern, segment in zip(patterns, (left, right), strict=True))
    if left_star and right_star:
        (head, _, tail), (other_head, _, other_tail) = left.partition("*"), right.partition("*")
        heads = head.startswith(other_head) or other_head.startswith(head)
        return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))
    if left_star:
        return _segment_matches(left, right)
    return _segment_matches(right, left) if right_star else left == right
