"""Licences as SPDX 3 lays them out in elements (SPDX 3.0.1, profile ExpandedLicensing), as the expressions that they mean. Pure.

A set of licences is AND, a choice OR; an addition follows WITH; "or later" is a plus, or the identifier that says so.
"""

from collections.abc import Mapping
from typing import Any

from pratique.documents.spdx3.members import id_of, said, text_of
from pratique.documents.spdx3.vocabulary import INDIVIDUALS, NO_LICENCE, UNKNOWN_LICENCE
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_known, reference

_LISTED = lazy(r"https?://(?:www\.)?spdx\.org/(?:rdf/[0-9.]+/terms/)?licenses/([A-Za-z0-9.+-]+?)(?:\.html|\.json)?")
_SLUG = lazy(r"[^A-Za-z0-9.-]+")
_PREFIX = "expandedlicensing_"
_JOINED = {f"{_PREFIX}ConjunctiveLicenseSet": " AND ", f"{_PREFIX}DisjunctiveLicenseSet": " OR "}
_MAX_DEPTH = 32
_MAX_CHARS = 65_536
"""Sets of sets of sets that share their members have words without end."""
_PLAIN = frozenset(
    "spdxId @id type creationInfo name simplelicensing_licenseText expandedlicensing_member expandedlicensing_subjectLicense"
    " expandedlicensing_subjectExtendableLicense expandedlicensing_subjectAddition expandedlicensing_additionText"
    " simplelicensing_licenseExpression".split()
)
_STATING = frozenset({f"{_PREFIX}IndividualLicensingInfo", f"{_PREFIX}ListedLicense", f"{_PREFIX}ListedLicenseException"})


class ExpandedLicences:
    """The licences of one document. `custom`: identifier of an element → what it is called in expressions."""

    def __init__(self, elements: Mapping[str, Mapping[str, Any]], custom: Mapping[str, str]) -> None:
        self.elements = elements
        self.custom = custom
        self.told: set[str] = set()  # elements that an expression says all of
        self.known: dict[str, str] = {}  # what was found before; "" also while it is looked for, within itself

    def expression(self, ref: Any, depth: int = 0) -> str:
        """What is at that identifier: an expression, NONE, NOASSERTION, or "" for what cannot be said as one: sets within
        themselves, more than 32 deep, or more than 64 KiB of words."""
        ref = INDIVIDUALS.get(text_of(ref), text_of(ref))
        if ref not in self.known:
            self.known[ref] = ""
            found = self._at(ref, depth)
            self.known[ref] = found if len(found) <= _MAX_CHARS else ""
        return self.known[ref]

    def _at(self, ref: str, depth: int) -> str:
        if ref == NO_LICENCE:
            return "NONE"
        if ref == UNKNOWN_LICENCE:
            return "NOASSERTION"
        if ref in self.custom:
            return self.custom[ref]
        element = self.elements.get(ref)
        listed = _LISTED.fullmatch(ref)
        if element is None or depth > _MAX_DEPTH:
            return listed[1] if listed and element is None else ""
        found = listed[1] if listed else self._of(element, depth)
        if found and element.keys() <= _PLAIN and said(text_of(element.get("simplelicensing_licenseText"))) == "":
            self.told.add(id_of(element))
        return found

    def _of(self, element: Mapping[str, Any], depth: int) -> str:
        kind, name = element["type"], text_of(element.get("name"))
        if kind == "simplelicensing_LicenseExpression":
            return text_of(element.get("simplelicensing_licenseExpression"))
        if kind in _JOINED:
            return self._joined(element, _JOINED[kind], depth)
        if kind == f"{_PREFIX}OrLaterOperator":
            return _or_later(self.expression(element.get(f"{_PREFIX}subjectLicense"), depth + 1))
        if kind == f"{_PREFIX}WithAdditionOperator":
            licence = self.expression(element.get(f"{_PREFIX}subjectExtendableLicense"), depth + 1)
            addition = self.expression(element.get(f"{_PREFIX}subjectAddition"), depth + 1)
            return f"{licence} WITH {addition}" if licence and addition else ""
        if kind == f"{_PREFIX}CustomLicenseAddition":
            return f"AdditionRef-{_SLUG.sub('-', name or id_of(element)).strip('-')[:80] or 'unnamed'}"
        if kind == f"{_PREFIX}ListedLicenseException":
            return name if name and not any(char.isspace() for char in name) else ""
        if kind in _STATING:
            word = name.upper()
            return word if word in ("NONE", "NOASSERTION") else name if is_known(name) else reference(name) if name else ""
        return ""

    def _joined(self, element: Mapping[str, Any], word: str, depth: int) -> str:
        members = element.get(f"{_PREFIX}member")
        found = [self.expression(one, depth + 1) for one in members] if isinstance(members, list) else []
        if not found or not all(found) or {"NONE", "NOASSERTION"} & set(found):
            return ""
        return word.join(f"({one})" if " AND " in one or " OR " in one else one for one in dict.fromkeys(found))


def _or_later(licence: str) -> str:
    if not licence or " " in licence or licence in ("NONE", "NOASSERTION"):
        return ""
    plain = licence.removesuffix("-only")
    return f"{plain}-or-later" if is_known(f"{plain}-or-later") else f"{licence}+"
