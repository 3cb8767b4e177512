"""Licence texts as packagers write them, to SPDX licence expressions (SPDX 2.3, Annex D). Pure; never raises.

What is no SPDX licence becomes `LicenseRef-…` of its own words: nothing is dropped, nothing is guessed beyond spelling.
A GNU licence named without a version may be used in any version (its own section 9, 14 or so): `GPL` is `GPL-1.0-or-later`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES
from pratique.lexicon.text import clean

_MAX_EXPRESSION = 400
_MAX_REFERENCE = 64
_MAX_WORDS = 8  # more is prose, not a name

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

_PROSE = (
    ("permission is hereby granted, free of charge, to any person obtaining", "MIT"),
    ("permission to use, copy, modify, and distribute this software for any purpose", "ISC"),
    ("permission to use, copy, modify, and/or distribute this software for any", "ISC"),
    ("this software is provided 'as-is', without any express or implied", "Zlib"),
)

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
    r"(?:gnu-)?(agpl|lgpl|gpl|gfdl)(-niv)?(?:-?v|-version-|-)?(\d(?:\.\d){0,2})?(\+|-?or-(?:later|newer|above)|-only)?"
    r"(-no-invariants?(?:-or-later|-only)?)?"
)
_GNU_FAMILY = {"gpl": "GPL", "lgpl": "LGPL", "agpl": "AGPL", "gfdl": "GFDL"}
_GNU_FIRST = {"gpl": "1.0", "lgpl": "2.0", "agpl": "3.0", "gfdl": "1.1"}
_GNU_NAMES = (
    ("gnu-affero-general-public-license", "agpl"),
    ("gnu-lesser-general-public-license", "lgpl"),
    ("gnu-library-or-lesser-general-public-license", "lgpl"),
    ("gnu-library-general-public-license", "lgpl"),
    ("gnu-general-public-license", "gpl"),
    ("gnu-free-documentation-license", "gfdl"),
)
_OPERATOR = lazy(r"([()])|(?<![^\s()])(and/or|and|or|with)(?![^\s()])", re.IGNORECASE)
_WORD = lazy(r"[A-Za-z0-9][A-Za-z0-9.+_:-]*")
_NOTHING = frozenset({"", "unknown", "none", "noassertion", "n-a", "tbd", "license", "other"})


@lru_cache(maxsize=32_768)
def normalise(text: str) -> str:
    """The SPDX expression that `text` means, `LicenseRef-…` for what SPDX does not know, "" for what says nothing."""
    text = clean(text)
    if text in LICENCES and not text.startswith(("GPL-", "LGPL-", "AGPL-", "GFDL-")):
        return text
    if _key(text) in _NOTHING:
        return ""
    known = _identify(text)
    if known:
        return known
    lowered = text.lower()
    for beginning, name in _PROSE:
        if lowered.startswith(beginning):
            return name
    if len(text) <= _MAX_EXPRESSION:
        expression = _expression(text)
        if expression:
            return expression
    return reference(text)


def choice(texts: Sequence[str]) -> tuple[str, ...]:
    """One expression of several licences that may be chosen between, as npm, RubyGems and Composer list them; () for none."""
    names = list(dict.fromkeys(filter(None, (normalise(text) for text in texts[:20]))))
    if len(names) < 2:
        return tuple(names)
    return (" OR ".join(f"({name})" if " " in name else name for name in names),)


def is_prose(text: str) -> bool:
    """Whether a licence field holds a text rather than a name."""
    return len(text.split(maxsplit=_MAX_WORDS)) > _MAX_WORDS and normalise(text).startswith("LicenseRef-")


def is_known(text: str) -> bool:
    """Whether `text` is one identifier of the SPDX licence list."""
    return text in LICENCES


def reference(text: str) -> str:
    """`LicenseRef-` and the words of `text` (Annex D: letters, digits, `-` and `.`)."""
    if re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]{1,200}", text):
        return text
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[:_MAX_REFERENCE].rstrip("-.")
    return f"LicenseRef-{slug or 'unnamed'}"


def _key(text: str) -> str:
    key = re.sub(r"[\s_/]+", "-", text.strip(" .,;\"'").lower())
    return key.removeprefix("the-")


def _identify(text: str) -> str:
    """One licence, if its spelling is known; else ""."""
    if len(text) > 200:
        return ""
    key = _key(text)
    for long, short in _GNU_NAMES:
        if key.startswith(long):
            key = short + key.removeprefix(long).replace("-(" + short, "-(").partition("-(")[0]
            break
    gnu = _GNU.fullmatch(key)
    if gnu:
        return _gnu(gnu)
    found = _ALIASES.get(key) or _BY_KEY.get(key) or _BY_KEY.get(key.removesuffix("-license").removesuffix("-licence"))
    if found:
        return found
    if key.endswith("+") and _BY_KEY.get(key[:-1]):
        return _BY_KEY[key[:-1]] + "+"
    licence, with_, exception = re.sub(r"(?<!-with)-(autoconf|libtool|bison)-exception$", r"-with-\1-exception", key).partition(
        "-with-"
    )
    if with_:
        name = _exception(exception)
        base = _identify(licence)
        if base and " " not in base:
            # An exception that SPDX does not know only permits more: without it stands the stricter reading.
            return f"{base} WITH {name}" if name else base if _GNU.fullmatch(licence) else ""
    return ""


def _exception(key: str) -> str:
    key = key.strip("-")
    short = re.sub(r"-\d+(?:\.\d+)*$", "", key.removesuffix("-exception"))
    return _EXCEPTION_BY_KEY.get(key) or _EXCEPTION_ALIASES.get(short) or ""


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


def _expression(text: str) -> str:
    """An expression with operators, each operand a name; "" when `text` is none of this."""
    slashed = _slashed(text)
    if slashed:
        return slashed
    out: list[str] = []
    operators: set[str] = set()
    operand = ""
    for index, piece in enumerate(_OPERATOR.split(text.replace(" / ", " or "))):
        if index % 3 == 0:
            operand = piece.strip(" ,;") if piece else ""
            if not operand:
                continue
            name = _operand(operand, after_with=bool(out) and out[-1] == "WITH")
            if not name:
                return ""
            out.append(name)
        elif piece:
            operator = "OR" if piece.lower() == "and/or" else piece.upper()
            operators.add(operator)
            out.append(operator)
    if not operators:
        return ""
    if operators in ({"AND"}, {"OR"}) and len(out) % 2 == 1 and operators.isdisjoint(out[::2]):
        return f" {out[1]} ".join(dict.fromkeys(out[::2])) if set(out[1::2]) == operators else ""
    return _structured(" ".join(out))


def _operand(text: str, *, after_with: bool) -> str:
    """An exception is one only after WITH: anywhere else it is a name that SPDX does not know as a licence."""
    found = _identify(text)
    if found:
        return found
    exception = _exception(_key(text)) if after_with else ""
    if exception:
        return exception
    return reference(text) if _WORD.fullmatch(text) else ""


def _slashed(text: str) -> str:
    """`MIT/Apache-2.0`, as older Rust and npm packages write a choice."""
    if "/" not in text:
        return ""
    names = [_identify(part) for part in text.split("/", 8)]
    return " OR ".join(names) if all(names) else ""


def _structured(text: str) -> str:
    """Operators of several kinds or parentheses: parsed and written again by the library."""
    from license_expression import Licensing

    try:
        parsed = Licensing().parse(text)
        rendered = str(parsed.render()) if parsed is not None else ""
        # Without its stray parentheses it may be a plain list, of which what stands twice counts once.
        return rendered if rendered == text else _expression(rendered) or rendered
    except Exception:
        # Whatever it is (the library lets IndexError through for "()"): the text becomes a LicenseRef and nothing fails.
        return ""
