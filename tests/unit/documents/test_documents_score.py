"""`sbom score`: each rule by a document that meets it and one that misses exactly it, and how answers become a score."""

from dataclasses import replace
from fractions import Fraction

import pytest
from score_documents import COVERAGE, MISSES, good_document, good_part, with_counts, with_part

from pratique.documents.document import (
    CONTAINS,
    Basis,
    Document,
    DocumentForm,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
)
from pratique.documents.score.fields import has_context, has_identifier, is_expression, is_hash, is_spdx, is_time, reachable
from pratique.documents.score.rules import Rule, RuleAnswer, ScoreMarks, Severity, Standard, cut
from pratique.documents.score.standards import STANDARDS, score_document
from pratique.documents.score.view import View
from pratique.errors import InputError

ALL_RULES = [(standard.id, rule.id) for standard in STANDARDS.values() for rule in standard.rules]


def answers(document, standard):
    marks = score_document(document, [standard]).marks[0]
    return {rule.id: answer for rule, answer in marks.answers}


def short(document, standard):
    return [name for name, answer in answers(document, standard).items() if answer.met < answer.of]


@pytest.mark.parametrize("standard", STANDARDS)
def test_what_meets_every_rule_scores_100(standard):
    assert short(good_document(), standard) == []
    found = score_document(good_document(), [standard])
    assert found.overall == found.marks[0].score == 100


@pytest.mark.parametrize(("standard", "rule"), ALL_RULES, ids="-".join)
def test_what_misses_one_thing_misses_exactly_that_rule(standard, rule):
    document = MISSES[standard, rule](good_document())
    assert short(document, standard) == [rule]
    answer = answers(document, standard)[rule]
    assert answer.missing and answer.met < answer.of
    marks = score_document(document, [standard]).marks[0]
    optional = next(one for one in marks.standard.rules if one.id == rule).severity is Severity.MAY
    assert (marks.score == 100) is optional


def test_each_rule_says_where_it_stands_what_it_asks_and_what_to_do():
    for standard in STANDARDS.values():
        assert standard.title and standard.source
        assert len({rule.id for rule in standard.rules}) == len(standard.rules)
        for rule in standard.rules:
            assert rule.clause and rule.asks and rule.advice, rule.id


def test_an_unknown_standard_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InputError, match="no standard is called 'iso'.*ntia, cisa, bsi, accuracy"):
        score_document(good_document(), ["ntia", "iso"])


def test_a_document_that_lists_nothing_does_not_get_points_for_it():
    found = score_document(Document(family=Family.CYCLONEDX, spec_version="1.6"))
    assert found.components == 0
    assert [(one.standard.id, one.score) for one in found.marks if one.score > 20] == []


def of_two(first, second):
    rules = [
        Rule(id="x", clause="x", asks="x", advice="x", answer=lambda _, one=one: one[1], severity=one[0])
        for one in (first, second)
    ]
    standard = Standard(id="x", title="x", source="x", rules=tuple(rules))
    return ScoreMarks(standard=standard, answers=tuple((rule, rule.answer(None)) for rule in rules))


def test_must_weighs_three_times_should_and_may_weighs_nothing():
    none, all_ = RuleAnswer(0, 7), RuleAnswer(7, 7)
    assert of_two((Severity.MUST, all_), (Severity.SHOULD, none)).score == 75
    assert of_two((Severity.MUST, none), (Severity.SHOULD, all_)).score == 25
    assert of_two((Severity.MUST, all_), (Severity.MAY, none)).score == 100
    assert of_two((Severity.MUST, RuleAnswer(1, 2)), (Severity.MUST, RuleAnswer(0, 0))).score == 50


def test_a_score_is_cut_and_never_rounded_up():
    assert cut(Fraction(99_999, 1000)) == 99.9
    assert of_two((Severity.MUST, RuleAnswer(999_999, 1_000_000)), (Severity.MUST, RuleAnswer(1, 1))).score == 99.9


def test_what_cannot_have_a_digest_is_not_counted_against():
    document = good_document()
    system = document.parts[-1]
    assert system.kind == "operating-system" and not system.hashes
    assert answers(document, "cisa")["hash"].of == len(View(document).components) - 1
    folder = with_counts(document, subject_digest="sha256:" + "12" * 32)
    assert answers(folder, "cisa")["hash"].of == len(View(document).components) - 2


def test_files_are_not_asked_for_suppliers_and_versions():
    document = good_document()
    file = Part(ref="f", name="etc/passwd", kind="file", hashes=(Hash("sha256", "ab" * 32),))
    with_files = replace(document, parts=(*document.parts, file), files=(replace(file, ref="g"),))
    for standard in ("ntia", "cisa", "bsi"):
        assert short(with_files, standard) == []


def test_no_relation_is_not_the_same_as_known_to_need_nothing():
    alone = Document(family=Family.CYCLONEDX, parts=(good_part("a"),))
    known = replace(alone, relations=(Relation(source=alone.parts[0].ref, kind="depends-on", targets=()),))
    unsure = replace(known, relations=(replace(known.relations[0], complete="no-assertion"),))
    assert [answers(one, "ntia")["relationship"].met for one in (alone, known, unsure)] == [0, 1, 0]


def test_what_has_no_ref_has_no_place_by_what_is_said_of_the_document():
    document = Document(
        family=Family.CYCLONEDX,
        parts=(good_part("a", ref=""),),
        relations=(Relation(source="", kind=CONTAINS, targets=("",)),),
    )
    assert answers(document, "ntia")["relationship"].met == 0


@pytest.mark.parametrize(
    "field",
    [
        {"supplier": Party(name="A")},
        {"manufacturer": Party(name="A")},
        {"originators": (Party(name="A"),)},
        {"authors": (Party(name="A"),)},
        {"author": "A"},
        {"publisher": "A"},
        {"extra": {"/originatedBy": ["urn:x:1", "urn:x:2"]}},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_supplier_may_stand_in_several_fields(field):
    nobody = MISSES["ntia", "supplier"](good_document())
    assert short(nobody, "ntia") == ["supplier"]
    assert short(with_part(nobody, **field), "ntia") == []


def test_cyclonedx_names_the_supplier_of_the_whole_beside_it():
    document = good_document()
    bare = replace(document, subject=replace(document.subject, supplier=None))
    assert short(bare, "ntia") == ["supplier"] and "component-creator" in short(bare, "bsi")
    named = replace(bare, supplier=Party(name="Somebody", urls=("https://example.org",)))
    assert short(named, "ntia") == [] and "component-creator" not in short(named, "bsi")


def test_that_completeness_is_not_known_is_an_answer_and_silence_is_none():
    document = replace(good_document(), completeness=())
    unsure = replace(document, relations=tuple(replace(one, complete="no-assertion") for one in document.relations))
    assert answers(document, "bsi")["completeness"].met == 0
    assert answers(unsure, "bsi")["completeness"].met == len(View(unsure).components)


@pytest.mark.parametrize("word", ["NOASSERTION", "NONE", "noassertion", " "])
def test_a_word_for_nothing_is_no_value(word):
    nobody = MISSES["ntia", "supplier"](good_document())
    assert short(with_part(nobody, supplier=Party(name=word)), "ntia") == ["supplier"]
    assert short(with_part(good_document(), version=word), "ntia") == ["version"]


def test_a_tool_is_an_author_for_ntia_and_none_for_cisa():
    document = replace(good_document(), authors=())
    assert short(document, "ntia") == []
    assert short(document, "cisa") == ["author"]


def test_the_same_package_in_two_images_of_a_chart_is_listed_once_in_each():
    inner = good_part("openssl")
    image = good_part("image", kind="container", parts=(inner,))
    document = Document(family=Family.OWN, parts=(image, replace(image, name="other", purl="pkg:oci/other@2", parts=(inner,))))
    assert answers(document, "accuracy")["duplicates"] == RuleAnswer(4, 4)
    twice = replace(document, parts=(replace(image, parts=(inner, replace(inner, ref="again"))),))
    assert answers(twice, "accuracy")["duplicates"].missing == ("openssl 1.0.0",)


@pytest.mark.parametrize(
    ("purl", "version", "met"),
    [
        ("pkg:deb/debian/bsdutils@1:2.38", "2.38", True),
        ("pkg:rpm/fedora/curl@8.0-1?epoch=2", "2:8.0-1", True),
        ("pkg:golang/example.org/a@v1.2.3", "1.2.3", True),
        ("pkg:oci/a@sha256:ab?tag=1.0", "1.0", True),
        ("pkg:oci/a@sha256:ab", "sha256:ab", True),
        ("pkg:npm/a", "1.0", True),
        ("pkg:npm/a@1.0", "", True),
        ("pkg:npm/a@1.0", "1.0.0", False),
        ("pkg:oci/a@sha256:ab?tag=1.0", "1.1", False),
    ],
)
def test_a_package_url_names_the_version_beside_it(purl, version, met):
    document = with_part(good_document(), purl=purl, version=version)
    assert ("purl-versions" in short(document, "accuracy")) is not met


def test_an_image_may_be_named_by_a_version_that_is_its_digest():
    document = with_counts(good_document(), subject_digest=None)
    bare = replace(document, subject=replace(document.subject, hashes=()))
    assert answers(bare, "accuracy")["subject"].met == 0
    named = replace(bare, subject=replace(bare.subject, version="sha256:" + "ab" * 32))
    assert answers(named, "accuracy")["subject"].met == 1


def test_what_a_reader_did_not_understand_can_still_be_referred_to():
    document = good_document()
    related = (
        *document.relations,
        Relation(source=document.parts[0].ref, kind="depends-on", targets=("service", "DocumentRef-x:y")),
    )
    assert short(replace(document, relations=related), "accuracy") == ["dangling"]
    services = {"/services": [{"bom-ref": "outer", "services": [{"bom-ref": "service"}]}]}
    assert short(replace(document, relations=related, extra=services), "accuracy") == []


def test_without_counts_files_are_accounted_for_by_the_packages_that_contain_them():
    files = tuple(Part(ref=f"file:{name}", name=name, kind="file") for name in "abcd")
    document = replace(
        with_counts(good_document(), **dict.fromkeys([name.replace(":", "_") for name in COVERAGE])),
        files=files,
    )
    owned = Relation(source=document.parts[0].ref, kind=CONTAINS, targets=("file:a", "file:b", "file:c"))
    found = answers(replace(document, relations=(*document.relations, owned)), "accuracy")
    assert found["files"] == RuleAnswer(3, 4, ("1 of 4 files belong to no component",))
    assert found["executables"].missing == ("does not say which executables its components account for",)


@pytest.mark.parametrize("value", ["-1", "1e3", "٣", "9" * 30, ""])
def test_a_count_that_is_no_number_counts_as_none(value):
    document = with_counts(good_document(), coverage_orphan=value)
    assert answers(document, "accuracy")["files"].met == 0


def test_a_document_that_says_where_it_is_incomplete_is_not_blamed():
    vague = MISSES["accuracy", "unknowns"](good_document())
    named = replace(vague, properties=(*vague.properties, Property("pratique:unknown", "a.bin: no cataloger knows it")))
    narrow = replace(vague, completeness=(replace(vague.completeness[0], assemblies=(vague.parts[0].ref,)),))
    assert short(named, "accuracy") == short(narrow, "accuracy") == []


def test_spdx_3_says_of_the_distributed_file_what_cyclonedx_says_in_properties():
    file = Part(
        ref="f",
        name="a-2.0.0.tgz",
        kind="file",
        hashes=(Hash("sha512", "cd" * 64),),
        extra={"/software_additionalPurpose": ["archive", "container"]},
    )
    bare = with_part(good_document(), properties=(), hashes=(), references=())
    document = replace(
        bare,
        family=Family.SPDX3,
        spec_version="3.0.1",
        files=(file,),
        relations=(*bare.relations, Relation(source=bare.parts[0].ref, kind="has-distribution-artifact", targets=("f",))),
    )
    asked = ("filename", "sha512", "executable", "archive", "structured", "format")
    found = answers(document, "bsi")
    assert [name for name in asked if found[name].met < found[name].of] == []
    silent = replace(document, files=(replace(file, extra={}),))
    assert [name for name in asked if answers(silent, "bsi")[name].missing] == ["structured"]


@pytest.mark.parametrize(
    ("family", "version", "met"),
    [
        (Family.CYCLONEDX, "1.6", 1),
        (Family.CYCLONEDX, "1.7", 1),
        (Family.CYCLONEDX, "1.10", 1),
        (Family.CYCLONEDX, "1.5", 0),
        (Family.SPDX3, "3.0.1", 1),
        (Family.SPDX3, "3.0.0", 0),
        (Family.SPDX2, "2.3", 0),
        (Family.OWN, "", 0),
        (Family.CYCLONEDX, "", 0),
    ],
)
def test_bsi_takes_cyclonedx_from_1_6_and_spdx_from_3_0_1(family, version, met):
    assert answers(replace(good_document(), family=family, spec_version=version), "bsi")["format"].met == met


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "GPL-2.0+",
        "(MIT)",
        "MIT AND (ISC OR Zlib)",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-a.b-1",
        "DocumentRef-x:LicenseRef-y OR MIT",
        "MIT WITH AdditionRef-z AND ISC",
    ],
)
def test_a_licence_expression_is_known_by_its_grammar_and_its_names(text):
    assert is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "(MIT",
        "MIT)",
        "MIT ISC",
        "AND MIT",
        "MIT AND",
        "Apache 2",
        "MIT WITH MIT",
        "(MIT) WITH Classpath-exception-2.0",
        "NOASSERTION",
        "mit or isc",
        "GPL-2.0-only WITH Classpath-exception-2.0 WITH Classpath-exception-2.0",
        "LicenseRef-",
    ],
)
def test_what_is_no_licence_expression_is_not_taken_for_one(text):
    assert not is_expression(text)


def test_in_spdx_a_name_is_what_a_reference_stands_for():
    named = Licence(value="Our own terms", form=DocumentForm.NAME, basis=Basis.DECLARED)
    assert is_spdx(named, Family.SPDX2) and not is_spdx(named, Family.CYCLONEDX)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("2026-01-02T03:04:05Z", True),
        ("2026-01-02t03:04:05.123+02:00", True),
        ("2026-01-02T03:04:05", False),
        ("2026-02-30T00:00:00Z", False),
        ("2026-01-02", False),
        ("", False),
        ("2026-01-02T03:04:05Z\n", False),
    ],
)
def test_a_time_has_a_date_a_time_and_a_zone(text, met):
    assert is_time(text) is met


@pytest.mark.parametrize(
    ("one", "met"),
    [
        (Hash("sha256", "ab" * 32), True),
        (Hash("sha256", "ab" * 31), False),
        (Hash("sha256", "zz" * 32), False),
        (Hash("md6", "ab"), True),
        (Hash("h1", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), True),
        (Hash("h1", ""), False),
        (Hash("sha1", ""), False),
    ],
)
def test_a_digest_is_as_long_as_its_algorithm_makes_it(one, met):
    assert is_hash(one) is met


@pytest.mark.parametrize(
    ("party", "met"),
    [
        (Party(name="A", email="a@example.org"), True),
        (Party(name="A <a@example.org>"), True),
        (Party(name="https://example.org"), True),
        (Party(name="A", urls=("https://example.org",)), True),
        (Party(name="A", contacts=(Party(name="", email="a@example.org"),)), True),
        (Party(name="A", extra={"/externalIdentifier": [{"identifier": "https://example.org"}]}), True),
        (Party(name="A", phone="1"), False),
        (Party(name="@home"), False),
        (Party(name="A", urls=("here",)), False),
        (Party(name="A", extra={"/externalIdentifier": ["x", {"identifier": 1}]}), False),
    ],
)
def test_a_contact_is_a_mail_address_or_a_url(party, met):
    assert reachable(party) is met


@pytest.mark.parametrize(
    ("document", "met"),
    [
        (Document(family=Family.CYCLONEDX, phases=("post-build",)), True),
        (Document(family=Family.CYCLONEDX, extra={"/metadata/lifecycles": [{"name": "our own"}]}), True),
        (Document(family=Family.SPDX3, extra={"/software_Sbom/software_sbomType": ["analyzed"]}), True),
        (Document(family=Family.SPDX2, extra={"/creationInfo/comment": "SBOM type: Analyzed"}), True),
        (Document(family=Family.SPDX2, extra={"/creationInfo/comment": "made with care"}), False),
        (Document(family=Family.SPDX2), False),
    ],
)
def test_the_phase_is_taken_from_where_each_format_has_it(document, met):
    assert has_context(document) is met


def test_identifiers_are_more_than_package_urls():
    for more in ({"cpes": ("cpe:2.3:a:a:a:1:*:*:*:*:*:*:*",)}, {"extra": {"/swid": {"tagId": "a"}}}, {"purl": "pkg:npm/a"}):
        assert has_identifier(Part(ref="a", name="a", **more))
    assert not has_identifier(Part(ref="SPDXRef-a", name="a"))
