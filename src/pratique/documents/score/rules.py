"""Rules as data, and how answers become a score. Pure.

A rule asks the same of each of `of` elements, of which `met` do; where `of` is 0 the rule does not apply. A standard's score is

    100 × Σ weight · met / of  ÷  Σ weight        over the rules that apply

with the weights of `Severity`. The score of several standards is the mean of theirs. Both are exact fractions, and are cut,
never rounded, to one decimal: 100 means that nothing is missing that has any weight.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pratique.documents.document import Part
from pratique.documents.score.view import View

SHOWN = 5
"""So many of the elements that do not meet a rule are named."""


class Severity(StrEnum):
    """How strongly a standard asks. MAY is advice: it has no weight."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"

    @property
    def weight(self) -> int:
        """In a standard's score."""
        return _WEIGHTS[self]


_WEIGHTS = {Severity.MUST: 3, Severity.SHOULD: 1, Severity.MAY: 0}


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """`met` of `of` elements meet the rule; `missing` names the first of those that do not, or says in words which; `more`
    were not named."""

    met: int
    of: int
    missing: tuple[str, ...] = ()
    more: int = 0

    @property
    def share(self) -> Fraction | None:
        """From 0 to 1; None where the rule does not apply."""
        return Fraction(self.met, self.of) if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a standard asks. `clause`: where it does; `advice`: what to do for a better score."""

    id: str
    clause: str
    asks: str
    advice: str
    answer: Callable[[View], RuleAnswer]
    severity: Severity = Severity.MUST


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A list of rules that belong together. `id`: what it is called on the command line; `source`: what its clauses are of."""

    id: str
    title: str
    source: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreMarks:
    """What became of a document before one standard: each rule with its answer, in the standard's order."""

    standard: Standard
    answers: tuple[tuple[Rule, RuleAnswer], ...]

    @property
    def exact(self) -> Fraction:
        """From 0 to 100. Of a standard of which nothing applies, 100: nothing is missing."""
        appraised = [(rule.severity.weight, one.share) for rule, one in self.answers if one.share is not None]
        total = sum(weight for weight, _ in appraised)
        return 100 * sum((weight * share for weight, share in appraised), Fraction()) / total if total else Fraction(100)

    @property
    def score(self) -> float:
        """The same, cut to one decimal."""
        return cut(self.exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Marks before each standard that was asked for. `components`: how many the document has."""

    marks: tuple[ScoreMarks, ...]
    components: int

    @property
    def overall(self) -> float:
        """The mean of the standards' scores, cut to one decimal."""
        return cut(sum((one.exact for one in self.marks), Fraction()) / len(self.marks))


def cut(exact: Fraction) -> float:
    """To one decimal, downwards: 99.96 is 99.9."""
    return int(exact * 10) / 10


def weigh(standards: Iterable[Standard], view: View) -> Score:
    """Ask every rule of these standards. At least one standard."""
    marks = [ScoreMarks(standard=one, answers=tuple((rule, rule.answer(view)) for rule in one.rules)) for one in standards]
    return Score(marks=tuple(marks), components=len(view.components))


Among = Callable[[View, Part], bool]


def each(test: Callable[[Part], bool], among: Among | None = None) -> Callable[[View], RuleAnswer]:
    """Asked of each component, or of those `among` which it can apply to. A document without components fails."""
    return each_in(lambda _, part: test(part), among)


def each_in(test: Callable[[View, Part], bool], among: Among | None = None) -> Callable[[View], RuleAnswer]:
    """The same for what depends on the rest of the document."""

    def answer(view: View) -> RuleAnswer:
        if not view.components:
            return RuleAnswer(0, 1, ("the document lists no component",))
        asked = [part for part in view.components if among is None or among(view, part)]
        failed = [part for part in asked if not test(view, part)]
        return _of(len(asked), [view.label(part) for part in failed[:SHOWN]], len(failed))

    return answer


def once(test: Callable[[View], bool], missing: str) -> Callable[[View], RuleAnswer]:
    """Asked of the document. `missing`: what it does not do, if so."""

    def answer(view: View) -> RuleAnswer:
        return RuleAnswer(1, 1) if test(view) else RuleAnswer(0, 1, (missing,))

    return answer


def listed(rows: Iterable[tuple[bool, str]]) -> RuleAnswer:
    """Asked of anything: whether it meets the rule, and its name."""
    found = list(rows)
    failed = [name for met, name in found if not met]
    return _of(len(found), failed[:SHOWN], len(failed))


def _of(of: int, names: Iterable[str], failed: int) -> RuleAnswer:
    shown = tuple(names)
    return RuleAnswer(of - failed, of, shown, failed - len(shown))
