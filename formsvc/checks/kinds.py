"""What a kind of rule is: one class that says all there is to know about it.

Its annotations are the parameters that form.toml gives; class attributes are its words; its methods
judge a submission and say what a page, a sheet or a letter wants to know beforehand. Kinds stand in
the modules beside this one; `formsvc.checks.rules` lists them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, ClassVar, Final, NamedTuple, get_args, get_type_hints

from formsvc.checks.parameters import Parameter, Place, Speaker, Wrong
from formsvc.checks.tables import read_guard
from formsvc.findings import Amount, Severity
from formsvc.forms import Form
from formsvc.forms.guards import Guard
from formsvc.forms.sure import Doubtful, Leaves
from formsvc.forms.terms import Reader


class Breach(NamedTuple):
    """A rule not met: where, what was found and allowed, and the words for the message; a day
    among them is said as it is printed. `severity` where it is not that of the rule."""

    pointer: str
    words: Mapping[str, object]
    value: Amount | None = None
    limit: Amount | None = None
    message: str = "message"
    severity: Severity | None = None


Breaches = Sequence[Breach]
Evaluate = Callable[[Any, date], Breaches]
MET: Final[tuple[Breach, ...]] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """What a rule asks of one field, said before anything is filled in.

    `words` is a 字数 limit, 0 for none; `decided_by` the label of the field whose value says
    whether this one is asked for.
    """

    pointer: str
    text: str = ""
    words: int = 0
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A short remark beside a field while one types; `tone` is plain, over, wanted, unneeded, mend,
    offer or all.

    `put` is what one click writes into the field: a mend stands for what is written there, an offer
    is what another field says it should be, and fills an empty one by itself; all are the choices,
    parted by 、, that are asked for.
    """

    pointer: str
    text: str
    tone: str = "plain"
    put: str = ""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One thing to enclose, and whether the submission says that it is there."""

    name: str
    given: bool


class Kind(ABC):
    """Base of all kinds. An instance is a kind with the parameters of one rule.

    `messages` gives for each message in form.toml the names that it may use; `title` says in a few
    words what is wrong, `demand` what is asked, both with the parameters in braces. What a
    rule has no message for, among `unsaid`, it does not judge. `rows` is the list whose rows it
    goes through, "" for none; `guard` says when it is judged.
    """

    messages: ClassVar[Mapping[str, str]]
    unsaid: ClassVar[frozenset[str]] = frozenset()
    title: str
    demand: str
    rows: str
    guard: Guard

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """May raise Wrong where arguments do not go together."""
        self.arguments = arguments
        self.__dict__.update(arguments)

    @property
    def spoken(self) -> Mapping[str, str]:
        """Those of `messages` that this rule has, and those of their names that mean something."""
        return self.messages

    @abstractmethod
    def check(self, data: Any, on: date) -> Breaches:
        """Breaches, none when the rule is met. May raise Unjudged."""

    def surely(self, leaves: Leaves) -> str:
        """An expression that is true only of submissions that it finds nothing in, of those that
        meet their schema. Raises Doubtful where there is none."""
        raise Doubtful

    def hints(self) -> Iterator[Hint]:
        """What its fields should know before they are filled in."""
        yield from ()

    def asides(self, data: object) -> Iterator[Aside]:
        """What to say beside its fields while one types. Never raises."""
        yield from ()

    def leads(self) -> Iterator[tuple[Place, Place]]:
        """Pairs of places: the first says what the second should be, or whether it is asked for,
        so it is asked before."""
        yield from ()

    def enclosures(self, data: object) -> Iterator[Enclosure]:
        """What it wants enclosed."""
        yield from ()

    def asks(self, data: object) -> str:
        """What a step calls it by: the thing or the day that it asks for; "" when it has none."""
        return ""

    @classmethod
    def parameters(cls) -> Mapping[str, Parameter]:
        """Its parameters in the order in which they stand."""
        return _parameters(cls)

    @classmethod
    def is_optional(cls, parameter: str) -> bool:
        """Whether a parameter may be left out: it has a default, None."""
        return hasattr(cls, parameter)

    @classmethod
    def read(cls, given: Mapping[str, Any], when: Any, form: Form, on: date) -> "Kind":
        """With parameters and guard of one rule, verified against the form. Raises Wrong."""
        arguments: dict[str, Any] = {}
        parameters = cls.parameters()
        reader = Reader(form.fields, form.programme, on=on)
        found = (each.rows(given.get(name), reader) for name, each in parameters.items())
        reader = replace(reader, rows=next(filter(None, found), ""))
        for name, parameter in parameters.items():
            if name not in given and not cls.is_optional(name):
                raise Wrong(f"{name}: is missing")
            try:
                arguments[name] = None
                if name in given:
                    arguments[name] = parameter.read(given[name], reader, arguments)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}") from None
        if unknown := set(given) - set(parameters):
            raise Wrong(f"{min(unknown)}: is no parameter of this kind")
        kind = cls(arguments)
        kind.rows, kind.guard = reader.rows, read_guard(when, reader) if when else Guard()
        return kind

    @property
    def operands(self) -> tuple[Place, ...]:
        """The places that it reads, in the order of its parameters, each once; then its guard's."""
        found = [
            place
            for name, parameter in self.parameters().items()
            if self.arguments[name] is not None
            for place in parameter.places(self.arguments[name])
        ]
        found += self.guard.places
        return tuple({place.field.pointer: place for place in found}.values())

    def said(self, template: str, speaker: Speaker) -> str:
        """A text of the kind, its parameters put in as `speaker` says fields."""
        parameters = self.parameters()
        words = {
            name: "" if value is None else parameters[name].say(value, speaker, self.arguments)
            for name, value in self.arguments.items()
        }
        return template.format_map(words)


@cache
def _parameters(kind: type[Kind]) -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for each in (hint, *get_args(hint)):
            metadata = getattr(each, "__metadata__", ())
            if metadata and isinstance(metadata[0], Parameter):
                found[name] = metadata[0]
    return found
