"""Licences as CycloneDX has them: `licenses` and `evidence.licenses` of each version (ECMA-424, licenseChoice). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pratique.documents.document import Basis, DocumentForm, Licence
from pratique.documents.extra import put_back
from pratique.lexicon.licences import is_known


def sorted_licences(
    licences: Sequence[Licence], texts: Mapping[str, str], version: str
) -> tuple[list[Licence], list[Licence], list[Licence]]:
    """What was stated, what was found, and what the version cannot say of a part: concluded ones that do not fit beside the
    declared. `texts`: of licences of the document's own, by name."""
    stated: list[Licence] = []
    found: list[Licence] = []
    unsayable: list[Licence] = []
    for one in licences:
        rows = unsayable if one.form is DocumentForm.NONE else found if one.basis is Basis.FOUND else stated
        rows.append(_with_text(one, texts) if texts else one)
    if len(stated) > 1 or version < "1.6":
        concluded = [one for one in stated if one.basis is Basis.CONCLUDED]
        together = version >= "1.7" or (version >= "1.6" and all(one.form is not DocumentForm.EXPRESSION for one in stated))
        if concluded and not together:
            stated = [one for one in stated if one.basis is not Basis.CONCLUDED]
            unsayable += concluded
    return stated, found, unsayable


def licence_choices(licences: Sequence[Licence], version: str, *, acknowledged: bool = True) -> list[dict[str, Any]]:
    """The `licenses` of something: single licences, or exactly one expression; from 1.7 on any mixture.

    `acknowledged`: whether each says if it was declared or concluded, which it can from 1.6 on.
    """
    acknowledged = acknowledged and version >= "1.6"
    if version >= "1.7" or all(one.form is not DocumentForm.EXPRESSION for one in licences) or len(licences) == 1:
        return [_licence(one, acknowledged) for one in licences]
    words = dict.fromkeys(one.value for one in licences)
    text = " AND ".join(f"({one})" if " " in one and len(words) > 1 else one for one in words)
    basis = licences[0].basis if acknowledged and len({one.basis for one in licences}) == 1 else Basis.STATED
    return [_licence(Licence(value=text, basis=basis), acknowledged)]


def _licence(one: Licence, acknowledged: bool) -> dict[str, Any]:
    basis = {"acknowledgement": one.basis.value} if acknowledged and one.basis in (Basis.DECLARED, Basis.CONCLUDED) else {}
    if one.form is DocumentForm.EXPRESSION:
        return put_back({"expression": one.value, **basis}, one.extra)
    key = "id" if one.form is DocumentForm.ID and is_known(one.value) else "name"
    inner: dict[str, Any] = {key: one.value, **basis}
    if one.text:
        inner["text"] = {"content": one.text}
    if one.url:
        inner["url"] = one.url
    return put_back({"license": inner}, one.extra) if one.extra else {"license": inner}


def _with_text(one: Licence, texts: Mapping[str, str]) -> Licence:
    text = texts.get(one.value)
    return one if text is None or one.text or one.form is DocumentForm.EXPRESSION else replace(one, text=text)
