"""What a kind of rule is: one class that says all there is to know about it.

Its annotations are the parameters that form.toml gives; class attributes are its words; its methods
judge a submission and say what a page, a sheet or a letter wants to know beforehand. Kinds stand in
the modules beside this one; `formsvc.checks.rules` lists them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple, get_type_hints

from formsvc.checks.parameters import Parameter, Place, Speaker, Wrong
from formsvc.findings import Amount
from formsvc.forms import Form


class Breach(NamedTuple):
    """A rule not met: where, what was found and allowed, and the words for the message; a day
    among them is said as it is printed."""

    pointer: str
    words: Mapping[str, object]
    value: Amount | None = None
    limit: Amount | None = None
    message: str = "message"
    warning: bool = False


Breaches = Iterable[Breach]
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
    """A short remark beside a field while one types; `tone` is plain, over, wanted or unneeded."""

    pointer: str
    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One thing to enclose, and whether the submission says that it is there."""

    name: str
    given: bool


class Kind(ABC):
    """Base of all kinds. An instance is a kind with the parameters of one rule.

    `messages` gives for each message in form.toml the names that it may use; `title` says in a few
    words what is wrong, `demand` what is asked, both with the parameters in braces.
    """

    messages: ClassVar[Mapping[str, str]]
    title: ClassVar[str]
    demand: ClassVar[str]

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.arguments = arguments
        self.__dict__.update(arguments)

    @abstractmethod
    def check(self, data: Any, on: date) -> Breaches:
        """Breaches, none when the rule is met. May raise Unjudged."""

    def hints(self) -> Iterator[Hint]:
        """What its fields should know before they are filled in."""
        yield from ()

    def asides(self, data: object) -> Iterator[Aside]:
        """What to say beside its fields while one types. Never raises."""
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
        hints = get_type_hints(cls, include_extras=True)
        return {
            name: hint.__metadata__[0]
            for name, hint in hints.items()
            if hasattr(hint, "__metadata__") and isinstance(hint.__metadata__[0], Parameter)
        }

    @classmethod
    def read(cls, given: Mapping[str, Any], form: Form) -> "Kind":
        """With the parameters of one rule, verified against the form. Raises Wrong."""
        arguments: dict[str, Any] = {}
        parameters = cls.parameters()
        for name, parameter in parameters.items():
            if name not in given:
                raise Wrong(f"{name}: is missing")
            try:
                arguments[name] = parameter.read(given[name], form, arguments)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}") from None
        if unknown := set(given) - set(parameters):
            raise Wrong(f"{min(unknown)}: is no parameter of this kind")
        return cls(arguments)

    @property
    def operands(self) -> tuple[Place, ...]:
        """The places that it reads, in the order of its parameters, each once."""
        found = (
            place
            for name, parameter in self.parameters().items()
            for place in parameter.places(self.arguments[name])
        )
        return tuple({place.field.pointer: place for place in found}.values())

    def said(self, template: str, speaker: Speaker) -> str:
        """A text of the kind, its parameters put in as `speaker` says fields."""
        parameters = self.parameters()
        words = {
            name: parameters[name].say(value, speaker, self.arguments)
            for name, value in self.arguments.items()
        }
        return template.format_map(words)
