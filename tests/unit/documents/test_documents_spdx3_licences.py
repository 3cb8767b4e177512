"""Licences that SPDX 3 lays out in elements (profile ExpandedLicensing) arrive as expressions."""

import json

import pytest

from pratique.documents.read import read_document
from pratique.documents.spdx3.expanded import ExpandedLicences

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
EXPANDED = "expandedlicensing_"


def element(kind, own, **members):
    return {"type": kind, "spdxId": f"https://example.org/d#{own}", "creationInfo": "_:c"} | members


def ref(name):
    return f"https://example.org/d#{name}"


LICENCES = [
    element(f"{EXPANDED}ListedLicense", "mit", name="MIT", simplelicensing_licenseText="NOASSERTION"),
    element(f"{EXPANDED}ListedLicense", "gpl", name="GPL-2.0-only", simplelicensing_licenseText="words"),
    element(f"{EXPANDED}ListedLicense", "mpl", name="MPL-1.1", simplelicensing_licenseText="words"),
    element(f"{EXPANDED}CustomLicense", "house", name="House licence", simplelicensing_licenseText="Do as you like."),
    element(f"{EXPANDED}ListedLicenseException", "exception", name="Classpath-exception-2.0", expandedlicensing_additionText="x"),
    element(f"{EXPANDED}CustomLicenseAddition", "addition", name="Our linking", expandedlicensing_additionText="x"),
    element(f"{EXPANDED}OrLaterOperator", "later", expandedlicensing_subjectLicense=ref("gpl")),
    element(f"{EXPANDED}OrLaterOperator", "mpl-later", expandedlicensing_subjectLicense=ref("mpl")),
    element(
        f"{EXPANDED}WithAdditionOperator",
        "with",
        expandedlicensing_subjectExtendableLicense=ref("later"),
        expandedlicensing_subjectAddition=ref("exception"),
    ),
    element(
        f"{EXPANDED}WithAdditionOperator",
        "with-own",
        expandedlicensing_subjectExtendableLicense=ref("mit"),
        expandedlicensing_subjectAddition=ref("addition"),
    ),
    element(f"{EXPANDED}DisjunctiveLicenseSet", "or", expandedlicensing_member=[ref("mit"), ref("with")]),
    element(f"{EXPANDED}ConjunctiveLicenseSet", "and", expandedlicensing_member=[ref("or"), "https://spdx.org/licenses/Zlib"]),
    element(f"{EXPANDED}ConjunctiveLicenseSet", "circle", expandedlicensing_member=[ref("circle"), ref("mit")]),
    element(f"{EXPANDED}IndividualLicensingInfo", "none", name="NONE"),
    element(f"{EXPANDED}IndividualLicensingInfo", "unsaid", name="NOASSERTION"),
    element("simplelicensing_LicenseExpression", "expression", simplelicensing_licenseExpression="ISC OR 0BSD"),
]


def test_sets_of_licences_that_share_their_members_or_hold_themselves_cost_no_more_than_they_say():
    kind = f"{EXPANDED}ConjunctiveLicenseSet"
    rows = [
        element(kind, f"s{level}", expandedlicensing_member=[ref(f"s{level + 1}"), ref(f"t{level + 1}")]) for level in range(30)
    ]
    rows += [
        element(kind, f"t{level}", expandedlicensing_member=[ref(f"t{level + 1}"), ref(f"s{level + 1}")]) for level in range(30)
    ]
    rows += [element(kind, name, expandedlicensing_member=[ref("s0"), ref("s0")]) for name in ("s30", "t30")]
    elements = {row["spdxId"]: row for row in rows}
    expanded = ExpandedLicences(elements, {})
    assert expanded.expression(ref("s0")) == ""
    elements |= {
        ref(name): element(f"{EXPANDED}ListedLicense", name, name=licence) for name, licence in (("s30", "MIT"), ("t30", "ISC"))
    }
    assert len(ExpandedLicences(elements, {}).expression(ref("s0"))) <= 65_536


def document_with(target):
    info = {"@id": "_:c", "type": "CreationInfo", "specVersion": "3.0.1", "created": "2026-01-01T00:00:00Z"}
    graph = [
        info | {"createdBy": [ref("me")]},
        element("Person", "me", name="me"),
        element("SpdxDocument", "document", rootElement=[ref("p")]),
        element("software_Package", "p", name="p"),
        *LICENCES,
        element("Relationship", "r", relationshipType="hasDeclaredLicense", to=[target]) | {"from": ref("p")},
    ]
    return read_document(json.dumps({"@context": CONTEXT, "@graph": graph}).encode()).document


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (ref("mit"), ["MIT"]),
        (ref("later"), ["GPL-2.0-or-later"]),
        (ref("mpl-later"), ["MPL-1.1+"]),
        (ref("with"), ["GPL-2.0-or-later WITH Classpath-exception-2.0"]),
        (ref("with-own"), ["MIT WITH AdditionRef-Our-linking"]),
        (ref("or"), ["MIT OR GPL-2.0-or-later WITH Classpath-exception-2.0"]),
        (ref("and"), ["(MIT OR GPL-2.0-or-later WITH Classpath-exception-2.0) AND Zlib"]),
        (ref("expression"), ["ISC OR 0BSD"]),
        (ref("none"), ["NONE"]),
        (ref("unsaid"), []),
        ("https://spdx.org/licenses/Apache-2.0", ["Apache-2.0"]),
        ("expandedlicensing_NoneLicense", ["NONE"]),
        ("expandedlicensing_NoAssertionLicense", []),
    ],
)
def test_a_licence_laid_out_in_elements_arrives_as_an_expression(target, expected):
    subject = document_with(target).subject
    assert subject is not None
    assert [one.value for one in subject.licences] == expected


def test_a_licence_of_ones_own_arrives_with_its_text():
    document = document_with(ref("house"))
    subject = document.subject
    assert subject is not None
    assert [one.value for one in subject.licences] == ["LicenseRef-House-licence"]
    assert [(one.id, one.name, one.text) for one in document.custom_licences] == [
        ("LicenseRef-House-licence", "House licence", "Do as you like.")
    ]


def test_a_set_that_holds_itself_is_kept_as_it_is_and_no_licence_is_made_up():
    document = document_with(ref("circle"))
    assert document.subject is not None and document.subject.licences == ()
    assert any(one.get("spdxId") == ref("circle") for one in document.extra["/@graph"])
