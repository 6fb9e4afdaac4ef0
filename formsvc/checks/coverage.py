"""What covers each clause of a programme's regulation, or why software cannot."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from formsvc.checks import explain
from formsvc.errors import FormError
from formsvc.findings import Citation, Plain, plain_number
from formsvc.forms import Form, PolicyValue, Programme
from formsvc.writing.notation import long_date, yuan

# `第八条（一）` and `附件2 注3` stand in 第八条 and 附件2.
_INNER: Final = re.compile(r"[（(\s]")
_FINER: Final = re.compile(r"[（(\s0-9]")
_OUTER: Final = re.compile(r"第|附")
_STANDING: Final = "现行"
_LAST_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Cover:
    """One thing that covers a clause.

    `kind` is rule, comparison, form, field, step, stage or value; `name` its id, pointer or title;
    `form` the id of its form, "" for what the programme has for all of them. `note` may say more.
    """

    kind: str
    name: str
    title: str
    form: str = ""
    form_title: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Plain]:
        return {
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "form": self.form,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Clause:
    """One demand of an article: our paraphrase, and what covers it or why software cannot."""

    article: str
    summary: str
    covers: tuple[Cover, ...]
    reason: str

    def to_dict(self) -> dict[str, Plain]:
        return {
            "article": self.article,
            "summary": self.summary,
            "by": [cover.to_dict() for cover in self.covers],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ArticleCoverage:
    """An article with its clauses; `others` cite it and are named in none of them."""

    article: str
    clauses: tuple[Clause, ...]
    others: tuple[Cover, ...]

    def to_dict(self) -> dict[str, Plain]:
        return {
            "article": self.article,
            "clauses": [clause.to_dict() for clause in self.clauses],
            "others": [cover.to_dict() for cover in self.others],
        }


@dataclass(frozen=True, slots=True)
class OtherSource:
    """What is checked on other grounds than the regulation's."""

    citation: Citation
    covers: tuple[Cover, ...]

    def to_dict(self) -> dict[str, Plain]:
        return {**self.citation.to_dict(), "by": [cover.to_dict() for cover in self.covers]}


@dataclass(frozen=True, slots=True)
class ProgrammeCoverage:
    """All articles in their order, and what rests on other grounds."""

    programme: Programme
    articles: tuple[ArticleCoverage, ...]
    sources: tuple[OtherSource, ...]

    @property
    def clauses(self) -> int:
        return sum(len(article.clauses) for article in self.articles)

    @property
    def covered(self) -> int:
        """How many clauses something covers."""
        return sum(bool(clause.covers) for each in self.articles for clause in each.clauses)

    def to_dict(self) -> dict[str, Plain]:
        return {
            "programme": self.programme.id,
            "title": self.programme.title,
            "regulation": self.programme.regulation,
            "articles": [article.to_dict() for article in self.articles],
            "sources": [source.to_dict() for source in self.sources],
        }


def coverage(programme: Programme, forms: Iterable[Form], on: date) -> ProgrammeCoverage:
    """The coverage of a programme by its forms, in the editions and with the values of a day."""
    own = [form for form in forms if form.programme is programme]
    known, citing = _known(programme, own, on), tuple(_citing(programme, own, on))
    clauses: dict[str, list[Clause]] = {}
    named: dict[str, set[str]] = {}
    for each in programme.coverage:
        article = _INNER.split(each.article)[0]
        covers = tuple(known[name] for name in each.by if name in known)
        clauses.setdefault(article, []).append(
            Clause(each.article, each.summary, covers, each.reason)
        )
        named.setdefault(article, set()).update(each.by)
    articles = []
    for article, members in clauses.items():
        others = {
            name: known[name]
            for name, citation in citing
            if citation.regulation == programme.regulation and name not in named[article]
            and article in map(outer, cited(citation.article))
        }  # fmt: skip
        articles.append(ArticleCoverage(article, tuple(members), tuple(others.values())))
    return ProgrammeCoverage(programme, tuple(articles), tuple(_sources(programme, citing, known)))


def _sources(
    programme: Programme, citing: Iterable[tuple[str, Citation]], known: Mapping[str, Cover]
) -> Iterator[OtherSource]:
    resting: dict[Citation, dict[str, Cover]] = {}
    for name, citation in citing:
        if citation.regulation != programme.regulation:
            resting.setdefault(citation, {})[name] = known[name]
    for citation, covers in resting.items():
        yield OtherSource(citation, tuple(covers.values()))


def _known(programme: Programme, forms: Iterable[Form], on: date) -> dict[str, Cover]:
    """Everything that `by` may name, by that name."""
    known = {
        name: Cover("value", name, _titled(name, values), note=said_values(values, on))
        for name, values in programme.values.items()
    }
    for comparison in programme.comparisons:
        known[comparison.id] = Cover("comparison", comparison.id, comparison.title)
    for form in forms:
        whose = (form.id, form.title)
        known[form.id] = Cover("form", form.id, form.title, *whose, form.about)
        for field in form.fields.values():
            known[form.id + field.pointer] = Cover(
                "field", field.pointer, explain.label(form, field), *whose
            )
        for step in form.steps:
            known[f"{form.id}#{step.title}"] = Cover("step", step.title, step.title, *whose)
        for stage in form.stages:
            known[f"{form.id}#{stage.id}"] = Cover("stage", stage.id, stage.title, *whose)
        for demand in explain.demands(form, on):
            known[f"{form.id}/{demand.id}"] = Cover("rule", demand.id, demand.text, *whose)
    return known


def _citing(
    programme: Programme, forms: Iterable[Form], on: date
) -> Iterator[tuple[str, Citation]]:
    """(name as in `by`, citation) of every rule, comparison and value."""
    for form in forms:
        for demand in explain.demands(form, on):
            for citation in demand.citations:
                yield f"{form.id}/{demand.id}", citation
    for comparison in programme.comparisons:
        yield comparison.id, comparison.citation
    for name, values in programme.values.items():
        yield name, values[-1].citation


# Articles


def cited(article: str) -> tuple[str, ...]:
    """`附件2 注2、注3` → `附件2 注2`, `附件2 注3`: the articles that a citation names."""
    names: list[str] = []
    for piece in article.split("、"):
        before = ""
        if names and not _OUTER.match(piece):
            before = outer(names[-1]) + ("" if _INNER.match(piece) else " ")
        names.append(before + piece)
    return tuple(names)


def outer(article: str) -> str:
    """The article that a clause or a citation stands in."""
    return _INNER.split(article)[0]


def verify(programme: Programme, forms: Iterable[Form]) -> None:
    """Every article that something cites has an entry, and every value is named for people.

    FormError says which has not. What `by` names is verified when the programme is loaded.
    """
    entries = [each.article for each in programme.coverage]
    own = [form for form in forms if form.programme is programme]
    where = f"{programme.id}/programme.toml"
    users = [(f"[[citation]] {id}", each) for id, each in programme.citations.items()]
    for form in own:
        users += [
            (f"{form.id}: [[rule]] {rule.id}", each) for rule in form.rules
            for each in rule.citations
        ]  # fmt: skip
    for place, citation in users:
        if citation.regulation != programme.regulation:
            continue
        for name in cited(citation.article):
            if not any(_stands_for(entry, name) for entry in entries):
                raise FormError(f"{where}: {place}: no [[coverage]] entry for {name!r}")
    for id, values in programme.values.items():
        if not all(value.title for value in values):
            raise FormError(f"{where}: [[value]] {id}: title: is missing")


def _stands_for(entry: str, name: str) -> bool:
    """Whether an entry is of the article named, or of a clause in it."""
    return entry == name or (
        entry.startswith(name) and bool(_FINER.match(entry.removeprefix(name)))
    )


# Values for people


def _titled(name: str, values: Iterable[PolicyValue]) -> str:
    return [value.title for value in values][-1] or name


def said_values(values: Iterable[PolicyValue], on: date) -> str:
    """All values of one id with their days, the one that holds marked."""
    told = list(values)
    holding = [value for value in told if value.since <= on][-1:]
    parts = []
    for value in told:
        mark = f"，{_STANDING}" if [value] == holding and len(told) > 1 else ""
        note = f"（{value.note}）" if value.note else ""
        parts.append(f"{said(value.value, value.unit)}，自{long_date(value.since)}起{mark}{note}")
    return "；".join(parts)


def said(value: Any, unit: str) -> str:
    """A policy value as people write it: `100,000元`, `6个月`, `甲 1元至2元；乙 3元`."""
    match value:
        case {"years": int(years), "month": int(month), "day": int(day)}:
            return _said_day(years, month, day)
        case dict():
            return "；".join(f"{key} {said(each, unit)}" for key, each in value.items())
        case [low, high] if _is_number(low) and _is_number(high):
            return said(low, unit) if low == high else f"{said(low, unit)}至{said(high, unit)}"
        case list():
            return "、".join(said(each, unit) for each in value)
        case bool():
            return "是" if value else "否"
        case _ if _is_number(value):
            gap = "" if unit in ("", "%") else " "
            return yuan(value) if unit == "元" else f"{plain_number(value)}{gap}{unit}"
    return str(value)


def _said_day(years: int, month: int, day: int) -> str:
    """A day of the year, as `due` takes it: the last day of a shorter month for day 31."""
    year = {0: "当年", 1: "次年"}.get(years, f"{years} 年后的")
    last = day >= _LAST_DAYS[month - 1]
    return f"{year} {month} 月{'底' if last else f' {day} 日'}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
