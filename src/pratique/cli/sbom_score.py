"""`pratique sbom score`: how good a bill of materials is before several standards, and what to do for a better one."""

import os
from typing import TYPE_CHECKING, Any

import click

from pratique.cli.commands import Command
from pratique.cli.options import platform_option
from pratique.cli.output import markdown_cell, print_json, print_title
from pratique.cli.sbom_side import load_reading, scan
from pratique.cli.tables import Column, print_table
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.documents.read import Reading
    from pratique.documents.score.rules import Rule, RuleAnswer, Score, ScoreMarks

_STANDARDS = ("ntia", "cisa", "bsi", "accuracy")
_HEAD = [
    Column("", "whole"),
    Column("RULE", "whole"),
    Column("MET", "whole"),
    Column("MISSING", spare=2),
    Column("WHAT TO DO", spare=1),
]


@click.command(cls=Command)
@click.argument("sbom", metavar="SBOM|SOURCE")
@click.option("--standard", "standards", multiple=True, type=click.Choice(_STANDARDS), help="Only this one; may be repeated.")
@click.option("--min", "least", type=click.IntRange(0, 100), help="Exit with 1 when the score is below.")
@click.option("--format", "format_", type=click.Choice(["table", "json", "markdown"]), default="table", help="Default: table.")
@click.option("--lenient", is_flag=True, help="Read an SBOM with errors, without what is wrong in it.")
@platform_option
def score(sbom: str, standards: tuple[str, ...], least: int | None, format_: str, lenient: bool, platform: str | None) -> int:
    """How good is SBOM, in any format that is read (- for standard input), and what would make it better?

    Before NTIA's minimum elements (ntia), CISA's of 2025 (cisa), BSI TR-03183-2 v2.1 (bsi), and our own measures of accuracy:
    each from 0 to 100, and their mean. 100 means that nothing is missing. Of a SOURCE, what `sbom SOURCE -o cyclonedx-json` says.
    """
    from pratique.documents.score.standards import score_document

    reading = load_reading(sbom, lenient=lenient) or _written(sbom, platform)
    found = score_document(reading.document, standards)
    if format_ == "json":
        print_json(_as_json(found, reading.title))
    elif format_ == "markdown":
        click.echo(_as_markdown(found, reading.title))
    else:
        _print(found, reading.title)
    return 1 if least is not None and found.overall < least else 0


def _written(source: str, platform: str | None) -> "Reading":
    """What a reader of the default format gets to see of an artifact."""
    from pratique.documents.names import parse_target
    from pratique.documents.read import read_document
    from pratique.documents.write import render_document

    rendered = render_document(scan(source, platform), parse_target("cyclonedx-json"), environ=os.environ, of_inventory=True)
    return read_document(rendered.data)


def _as_json(found: "Score", title: str) -> dict[str, Any]:
    """docs/score.md says what the members mean."""
    return {
        "score": found.overall,
        "read": title,
        "components": found.components,
        "standards": [
            {
                "id": marks.standard.id,
                "title": marks.standard.title,
                "source": marks.standard.source,
                "score": marks.score,
                "rules": [
                    {
                        "id": rule.id,
                        "clause": rule.clause,
                        "severity": rule.severity.value,
                        "asks": rule.asks,
                        "met": answer.met,
                        "of": answer.of,
                        "missing": list(answer.missing),
                        "advice": rule.advice,
                    }
                    for rule, answer in marks.answers
                ],
            }
            for marks in found.marks
        ],
    }


def _print(found: "Score", title: str) -> None:
    for marks in found.marks:
        print_title(f"{marks.standard.title}: {marks.score:.1f}")
        print_table(_HEAD, _rows(marks))
    print_title(f"score {found.overall:.1f} of 100: {title}, {how_many(found.components, 'component')}")


def _rows(marks: "ScoreMarks") -> list[list[str]]:
    rows: list[list[str]] = []
    for rule, answer in marks.answers:
        name = rule.id if rule.severity == "must" else f"{rule.id} ({rule.severity})"
        rows.append([_mark(rule, answer), name, _met(answer), _missing(answer), rule.advice if answer.met < answer.of else ""])
    return rows


def _mark(rule: "Rule", answer: "RuleAnswer") -> str:
    if not answer.of:
        return "–"
    # What only may be there is no fault.
    return "✔" if answer.met == answer.of else "✘" if rule.severity.weight else "·"


def _met(answer: "RuleAnswer") -> str:
    """The share, cut and not rounded: never 100 % where anything is missing."""
    if not answer.of:
        return "does not apply"
    if answer.of == 1:
        return "yes" if answer.met else "no"
    tenths = answer.met * 1000 // answer.of
    return f"{tenths // 10}.{tenths % 10} %" if answer.met < answer.of else "100 %"


def _missing(answer: "RuleAnswer") -> str:
    return ", ".join([*answer.missing, *([f"and {answer.more:,} more"] if answer.more else [])])


def _as_markdown(found: "Score", title: str) -> str:
    lines = [
        f"### SBOM score: {found.overall:.1f} of 100",
        "",
        f"{markdown_cell(title)}, {how_many(found.components, 'component')}",
        "",
    ]
    for marks in found.marks:
        appraised = [(rule, answer) for rule, answer in marks.answers if answer.of and rule.severity.weight]
        short = [(rule, answer) for rule, answer in appraised if answer.met < answer.of]
        lines += [
            f"**{marks.standard.title}: {marks.score:.1f}** ({len(appraised) - len(short)} of {len(appraised)} rules met)",
            "",
        ]
        if short:
            lines += ["| Rule | Clause | Met | Missing | What to do |", "|---|---|---|---|---|"]
            for rule, answer in short:
                cells = (markdown_cell(_missing(answer)), rule.advice.replace("|", "\\|"))
                lines.append(f"| {rule.id} ({rule.severity}) | {rule.clause} | {_met(answer)} | {' | '.join(cells)} |")
            lines.append("")
    return "\n".join(lines).rstrip()
