"""Names of single licences and exceptions as people spell them → SPDX identifiers. Pure; never raises; drops nothing it knows of.

Nothing is guessed beyond spelling. A GNU licence named without a version may be used in any version (its own section 9, 14 or
so): `GPL` is `GPL-1.0-or-later`.
"""

import re
from collections.abc import Iterator
from functools import cache

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES

MAX_NAME = 200
_MAX_WORDS = 14  # of the longest names that are known

_BY_KEY = {name.lower(): name for name in LICENCES}
_EXCEPTION_BY_KEY = {name.lower(): name for name in EXCEPTIONS}

_ALIASES = {
    "expat": "MIT",
    "mit-license": "MIT",
    "mit-expat": "MIT",
    "mit-x11": "MIT",
    "mit-style": "MIT",
    "x11-mit": "MIT",
    "apache": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache2.0": "Apache-2.0",
    "apache-v2": "Apache-2.0",
    "apache-v2.0": "Apache-2.0",
    "apache-2.0-license": "Apache-2.0",
    "apache-license": "Apache-2.0",
    "apache-license-2.0": "Apache-2.0",
    "apache-license-v2.0": "Apache-2.0",
    "apache-license-version-2.0": "Apache-2.0",
    "apache-license,-version-2.0": "Apache-2.0",
    "apache-software-license": "Apache-2.0",
    "apache-software-license-2.0": "Apache-2.0",
    "asl-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-1": "Artistic-1.0-Perl",
    "artistic-2": "Artistic-2.0",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd2": "BSD-2-Clause",
    "bsd3": "BSD-3-Clause",
    "2-clause-bsd": "BSD-2-Clause",
    "3-clause-bsd": "BSD-3-Clause",
    "3-clause-bsd-license": "BSD-3-Clause",
    "bsd-3-clause-license": "BSD-3-Clause",
    "bsd-2-clause-license": "BSD-2-Clause",
    "new-bsd": "BSD-3-Clause",
    "new-bsd-license": "BSD-3-Clause",
    "modified-bsd": "BSD-3-Clause",
    "modified-bsd-license": "BSD-3-Clause",
    "simplified-bsd": "BSD-2-Clause",
    "bsd-3-clause-generic": "BSD-3-Clause",
    "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "boost": "BSL-1.0",
    "boost-1.0": "BSL-1.0",
    "cc0": "CC0-1.0",
    "cc-0": "CC0-1.0",
    "isc-license": "ISC",
    "isc-license-iscl": "ISC",
    "isc-license-(iscl)": "ISC",
    "mpl-2": "MPL-2.0",
    "mpl2": "MPL-2.0",
    "mpl-2.0-license": "MPL-2.0",
    "mozilla-public-license-2.0": "MPL-2.0",
    "mozilla-public-license-2.0-(mpl-2.0)": "MPL-2.0",
    "ms-pl": "MS-PL",
    "psf": "PSF-2.0",
    "psf-2": "PSF-2.0",
    "psfl": "PSF-2.0",
    "python-software-foundation-license": "PSF-2.0",
    "python-2.0": "Python-2.0",
    "openssl-license": "OpenSSL",
    "the-unlicense": "Unlicense",
    "unlicense": "Unlicense",
    "wtfpl-2": "WTFPL",
    "zlib-libpng": "zlib-acknowledgement",
    "zpl": "ZPL-2.1",
    "zpl-2.1": "ZPL-2.1",
}

_EXCEPTION_ALIASES = {
    "autoconf": "Autoconf-exception-generic",
    "bison": "Bison-exception-2.2",
    "classpath": "Classpath-exception-2.0",
    "font": "Font-exception-2.0",
    "gcc": "GCC-exception-3.1",
    "gcc-runtime-library": "GCC-exception-3.1",
    "libtool": "Libtool-exception",
    "linux-syscall-note": "Linux-syscall-note",
    "llvm": "LLVM-exception",
    "openvpn-openssl": "openvpn-openssl-exception",
    "texinfo": "Texinfo-exception",
}

_GNU = lazy(
    r"(?:gnu-)?(agpl|lgpl|gpl|gfdl)(-niv)?(?:,?-?v\.?-?|,?-version-?|,?-)?(\d(?:\.\d){0,2})?"
    r"(\+|-?or-(?:any-)?(?:later|newer|above|higher|greater)(?:-versions?)?|-only)?"
    r"(-no-invariants?(?:-or-later|-only)?)?(?:,?-\d{1,2}-[a-z]+-\d{4})?(?:-licen[cs]e)?"
)
_GNU_FAMILY = {"gpl": "GPL", "lgpl": "LGPL", "agpl": "AGPL", "gfdl": "GFDL"}
_GNU_FIRST = {"gpl": "1.0", "lgpl": "2.0", "agpl": "3.0", "gfdl": "1.1"}
_GNU_NAMES = lazy(
    r"(?:gnu-)?(?:(affero)-(?:gnu-)?|(library-or-lesser|lesser|library)-(?:gnu-)?|(?<=gnu-))?"
    r"(?:general-public-licen[cs]e|gpl)|(?:gnu-)?(free-documentation-licen[cs]e)"
)
_LATER = lazy(r"(?:and|or)-(?:\(?at-your-option\)?,?-)?(?:any-)?(?=(?:later|newer|above|higher|greater)(?![a-z]))")
_TOKEN = lazy(r"[A-Za-z0-9][A-Za-z0-9.+]*")


def key_of(text: str) -> str:
    """A name in the form in which names are compared: lower case, hyphens for blanks, underscores and slashes."""
    key = re.sub(r"[\s_/]+", "-", text.strip(" .,;\"'").lower())
    return key.removeprefix("the-")


def identify(text: str) -> str:
    """The identifier of one licence, with `+` or `WITH exception` where it has them, if all of `text` spells it; else ""."""
    if len(text) > MAX_NAME:
        return ""
    key = key_of(text)
    found = _identify(key)
    if found or "(" not in key:
        return found
    # What stands in parentheses behind a name says it again, `… License v3 (GPLv3)`, or says more of it, `GPL (v2 or later)`.
    outside, _, inside = key.partition("(")
    outside, inside = outside.strip("-,"), inside.removesuffix(")")
    if inside.startswith(">="):  # as R has it
        return _identify(f"{outside}-{inside[2:].strip('-')}+")
    if "(" in inside or ")" in inside:
        return ""
    name, again, both = _identify(outside), _identify(inside.strip("-")), _identify(f"{outside}-{inside.strip('-')}")
    if name and again and (again == name or _family(again) == _family(name) != ""):
        return name if not _is_vague(outside) else again
    return both


def identify_exception(text: str) -> str:
    """The identifier of an exception, if `text` spells one; else ""."""
    key = key_of(text).strip("-")
    short = re.sub(r"-\d+(?:\.\d+)*$", "", key.removesuffix("-exception"))
    return _EXCEPTION_BY_KEY.get(key) or _EXCEPTION_BY_KEY.get(f"{key}-exception") or _EXCEPTION_ALIASES.get(short) or ""


def mentioned(text: str) -> Iterator[str]:
    """The identifiers of all licences that a text names, wherever in it: of names that begin with the same word, the longest."""
    words = [word.rstrip(".").lower() for word in _TOKEN.findall(text)]
    first, at = _first_words(), 0
    while at < len(words):
        step = 1
        if words[at] in first or words[at].startswith(_GNU_SHORT):
            for count in range(min(_MAX_WORDS, len(words) - at), 0, -1):
                found = _identify("-".join(words[at : at + count]))
                if found:
                    yield found
                    step = count
                    break
        at += step


_GNU_SHORT = ("agpl", "lgpl", "gpl", "gfdl", "gnu")


@cache
def _first_words() -> frozenset[str]:
    names = (*_BY_KEY, *_ALIASES)
    found = {re.split(r"[^a-z0-9.+]", name, maxsplit=1)[0] for name in names}
    return frozenset(found | {"affero", "lesser", "library", "general", "free"})


def _family(identifier: str) -> str:
    return identifier.partition("-")[0] if identifier.startswith(("GPL-", "LGPL-", "AGPL-", "GFDL-")) else ""


def _is_vague(key: str) -> bool:
    """Whether a GNU licence is named without its version."""
    return not any(char.isdigit() for char in key)


def _identify(key: str) -> str:
    gnu = _GNU.fullmatch(_gnu_key(key))
    if gnu:
        return _gnu(gnu)
    bare = key.removesuffix("-license").removesuffix("-licence")
    found = _ALIASES.get(key) or _BY_KEY.get(key) or _BY_KEY.get(bare) or _ALIASES.get(key.replace(",-", "-"))
    if found:
        return found
    if key.endswith("+") and _BY_KEY.get(key[:-1].rstrip("-")):
        return _BY_KEY[key[:-1].rstrip("-")] + "+"
    licence, with_, exception = re.sub(r"(?<!-with)-(autoconf|libtool|bison)-exception$", r"-with-\1-exception", key).partition(
        "-with-"
    )
    name = identify_exception(exception) if with_ else ""
    base = _identify(licence) if name else ""
    return f"{base} WITH {name}" if base and " " not in base else ""


def _gnu_key(key: str) -> str:
    """The short form of a GNU licence's long name."""
    key = _LATER.sub("or-", key)
    long = _GNU_NAMES.match(key)
    if long is None:
        return key
    affero, lesser, document = long.groups()
    return ("gfdl" if document else "agpl" if affero else "lgpl" if lesser else "gpl") + key[long.end() :]


def _gnu(match: "re.Match[str]") -> str:
    family, niv, version, later, no_invariants = match.groups()
    suffix = "or-later" if later and later != "-only" else "only"
    if not version:
        version, suffix = _GNU_FIRST[family], "or-later"
    parts = version.split(".")
    version = ".".join([*parts, "0"][:2])
    if no_invariants:
        suffix = "or-later" if "later" in no_invariants else suffix
    middle = "no-invariants-" if niv or no_invariants else ""
    name = f"{_GNU_FAMILY[family]}-{version}-{middle}{suffix}"
    return name if name in LICENCES else ""
