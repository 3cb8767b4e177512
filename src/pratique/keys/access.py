"""How a key is named, and where what opens it comes from.

    FILE, file:FILE[?algorithm=A]
    pkcs11:token=T;object=O?module-path=M&pin-source=F               RFC 7512
    hashivault://KEY[?version=N]                                     Vault or OpenBao, transit engine
    awskms://[ENDPOINT]/ID-OR-ALIAS-OR-ARN
    gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K[/cryptoKeyVersions/N]
    azurekms://VAULT[.HOST]/KEY[/VERSION]
    ssh-agent:SHA256:FINGERPRINT                                     or a key's comment

The clouds' and Vault's spellings are cosign's. Each but the bare FILE may end in `?algorithm=A`, which says what an RSA key is
registered for (`attest.publickey.ALGORITHMS`). A secret is never part of a reference.
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pratique.errors import InputError

if TYPE_CHECKING:
    import httpx

MAX_REFERENCE = 2048

# The scheme as it is written, longest first where one begins another; the back end's module in this package.
BACKENDS = {
    "hashivault://": "vault",
    "awskms://": "aws",
    "gcpkms://": "gcp",
    "azurekms://": "azure",
    "pkcs11:": "pkcs11",
    "ssh-agent:": "sshagent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReference:
    """A key's name taken apart. `scheme`: a key of `BACKENDS`, or `file:`. `options`: what stands after `?`, decoded."""

    text: str
    scheme: str
    name: str
    algorithm: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def agreed(self, algorithm: str | None) -> str | None:
        """The algorithm that the reference or somebody else states; None when nobody does. Raises InputError when they differ."""
        if self.algorithm and algorithm and self.algorithm != algorithm:
            raise InputError(f"the reference says {self.algorithm}, not {algorithm}", where=self.text)
        return self.algorithm or algorithm

    def only(self, *names: str) -> None:
        """Raises InputError for options other than these: a misspelt one must not be passed over."""
        for name in self.options:
            if name not in names:
                raise InputError(f"unknown option {name[:40]!r} of a {self.scheme} key", where=self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What opens keys. `passphrase`, `pin`: asked once, when needed; None means that nobody could give one.

    `cosign_passphrase`: in the place of `passphrase` for keys in cosign's own encryption; None for none. `environ`: addresses
    and credentials, by the names that each back end's own tools use. `handler`: in the place of sockets. `patience_s`: how long
    one request may take, with all of its repetitions. `sleep`: waits seconds.
    """

    passphrase: Callable[[], bytes | None]
    pin: Callable[[], bytes | None]
    cosign_passphrase: Callable[[], bytes | None] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    handler: "httpx.BaseTransport | None" = field(default=None, repr=False)
    patience_s: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


def parse_reference(text: str) -> KeyReference:
    """Take a reference apart. Whatever begins with no known scheme is a FILE. Raises InputError."""
    if text.startswith("pkcs11:") and "pin-value" in text:
        raise InputError("a PIN on the command line can be read by every user", hint="use pin-source=FILE or PRATIQUE_KEY_PIN")
    if len(text) > MAX_REFERENCE or not text.isprintable() or not text:
        raise InputError("not a key's name", where=text[:80] or None, hint="name a FILE or a key service: docs/keys.md")
    scheme = next((known for known in (*BACKENDS, "file:") if text.startswith(known)), None)
    if scheme is None:
        _refuse_named_elsewhere(text)
        return KeyReference(text=text, scheme="file:", name=text)
    name, _, query = text.removeprefix(scheme).partition("?")
    if scheme == "file:":
        name = name.removeprefix("//")
    if not name:
        raise InputError("names no key", where=text, hint="what follows it: docs/keys.md")
    options: dict[str, str] = {}
    for item in query.split("&") if query else ():
        key, equals, value = item.partition("=")
        if not equals or key in options:
            raise InputError(f"not an option, or given twice: {key[:40]!r}", where=text.partition("?")[0])
        options[key] = unquote(value)
    return KeyReference(text=text, scheme=scheme, name=name, algorithm=options.pop("algorithm", None), options=options)


def _near(scheme: str, rest: str) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(scheme, [known.partition(":")[0] for known in BACKENDS], n=1, cutoff=0.8)
    return f"did you mean {quote(f'{close[0]}:{rest}')}?" if close else None


_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,20}):(//)?(.*)", re.DOTALL)
_SAVE = "save the public key as a file, hold its digest against one from elsewhere, and name the file: curl -o release.pub {text}"
_IMAGE = "an image is the SOURCE; --key names a FILE or a key service: docs/keys.md"
_PROJECT = "save the project's COSIGN_PUBLIC_KEY as a file, and name that"
_ELSEWHERE = {
    "env": "(umask 077; printenv {name} > release.key), and name that file",
    "https": _SAVE,
    "http": _SAVE,
    "oci": _IMAGE,
    "docker": _IMAGE,
    "registry": _IMAGE,
    "k8s": "kubectl get secret -n {head} {tail} -o 'jsonpath={{.data.cosign\\.pub}}' | base64 -d > release.pub",
    "gitlab": _PROJECT,
    "github": _PROJECT,
    "vault": "expected hashivault://KEY",
}
"""What other programs call keys, and what to do here."""


def _refuse_named_elsewhere(text: str) -> None:
    """Raises InputError for a key that is named as another program does: it is not meant as a file of that name."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        return
    scheme, slashes, name = match.groups()
    name = re.sub(r"^[^/@]*@", "", name)  # a password may stand there
    text = f"{scheme}:{slashes or ''}{name}"
    if f"{scheme}://" in BACKENDS:
        raise InputError("not a key's name", where=text[:200], hint=f"expected {scheme}://…: docs/keys.md")
    advice = _ELSEWHERE.get(scheme)
    if advice is None and not slashes:
        return
    head, _, tail = name.partition("/")
    hint = (
        advice.format(text=quote(text), name=quote(name), head=quote(head), tail=quote(tail))
        if advice
        else _near(scheme, rest=f"{slashes}{name}") or "name a FILE or a key service: docs/keys.md"
    )
    raise InputError("no key is named like this here", where=text[:200], hint=hint)
