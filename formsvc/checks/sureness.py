"""A form's schema and rules as one function that says of nearly every right submission that it is.

Its source is put together of the templates here and of the rules' own expressions: whatever an
author wrote, names, limits, patterns, is bound to it as an object. It never says yes where
jsonschema-rs says no, and leaves to the rules themselves what is not surely in order; where it says
nothing, the plain way round decides. A schema with a keyword that is not known here has none.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final

from formsvc import pointers
from formsvc.checks import formats
from formsvc.findings import Skipped
from formsvc.forms.sure import Leaves
from formsvc.writing import codes, texts

Said = Skipped | int
"""What is said of a rule: that it is skipped, or, by its number, that it has to be judged."""
Writes = Callable[[Leaves], Iterable[tuple[str, Said | None]]]
"""Branches of a rule: the first expression that is true decides what is said, None for nothing."""
Surely = Callable[[Any, date], tuple[int, str, list[Said]] | None]
"""Of data as of a day: how many keys and which free texts, joined, it has, and what is said of its
rules; None where it does not surely meet its schema."""
Described = tuple[Mapping[str, Any], str]
"""A schema, and the `$id` of the file that it stands in, "" for the form's own."""

# What says nothing about a value.
_SAID: Final = frozenset(
    {"$schema", "$id", "$comment", "$defs", "title", "description", "examples", "readOnly", "$ref"}
)
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset(
        {"enum", "const", "minLength", "maxLength", "pattern", "format", "not"}
    ),
    "number": frozenset({"minimum", "maximum", "multipleOf", "format"}),
    "integer": frozenset({"minimum", "maximum"}),
    "boolean": frozenset({"const"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties", "dependentRequired"}),
}  # fmt: skip
_HOPS: Final = 32
# Formats that only name what a value means.
_MEANINGS: Final = frozenset({"money", "paragraphs", *codes.KINDS}) - formats.FORMATS.keys()

# A pattern that means the same in ECMA-262, Rust and Python, but for `$` at its end: plain
# characters, sets of these and ranges, groups, alternatives and quantifiers.
_CHARACTER: Final = r"(?:[^\\.\[\](){}*+?^$|]|\\[nt])"
_MEMBER: Final = r"(?:[^\\\[\]^&~-]|\\[nt])"
_SET: Final = rf"\[\^?(?:{_MEMBER}(?:-{_MEMBER})?)+-?\]"
_QUANTIFIER: Final = r"(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})(?![*+?{])"
_SAME: Final = re.compile(
    rf"\^?(?:(?:{_CHARACTER}|{_SET}|\))(?:{_QUANTIFIER})?|\((?!\?)|\|)*\$?"
)  # fmt: skip
_PLAIN_SET: Final = re.compile(rf"\[(?:{_MEMBER}(?:-{_MEMBER})?)+\]")


class _Unknown(Exception):
    """A schema says something that is not known here."""


def surely(
    schema: Mapping[str, Any], common: Mapping[str, Any], rules: Iterable[Writes] = ()
) -> Surely | None:
    """The function of a form's schema, whose `$ref` lead into the common definitions, and of its
    rules; None where something in the schema is not known here."""
    writer = _Writer(common)
    try:
        writer.node([(schema, "")], "data", 2, "")
    except _Unknown:
        return None
    leaves = Leaves(writer.variables, frozenset(writer.optional), writer.bound)
    for branches in rules:
        writer.say(branches(leaves))
    source = "\n".join([
        "def surely(data, on):",
        "    texts = []",
        "    add = texts.append",
        "    said = []",
        "    say = said.append",
        *(f"    {name} = d{name} = None" for name in writer.optional),
        "    keys = 0",
        "    try:",
        *writer.lines,
        "    except (KeyError, TypeError, ValueError, ArithmeticError):",
        "        return None",
        "    whole = ''.join(texts)",
        "    return (keys, whole, said) if are_clean(whole) else None",
    ])  # fmt: skip
    bound = {
        **writer.bound,
        "Decimal": Decimal,
        "day": date.fromisoformat,
        "are_clean": texts.are_clean,
    }
    exec(compile(source, "<schema>", "exec"), bound)  # noqa: S102  # of templates, see above
    made: Surely = bound["surely"]
    return made


class _Writer:
    """Writes the function: `lines` of source, and what is `bound` to the names in it.

    `variables` are those of the values outside of lists, by pointer; `optional` may be None.
    """

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = common
        self._count = 0
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        self.optional: list[str] = []

    def say(self, branches: Iterable[tuple[str, Said | None]]) -> None:
        """Write what is said of a rule."""
        word = "if"
        for condition, said in branches:
            self._put(f"{word} {condition}:", 2)
            name = said if isinstance(said, int) else said and self._bind(said)
            self._put("pass" if said is None else f"say({name})", 3)
            word = "elif"

    def node(self, parts: list[Described], value: str, depth: int, pointer: str | None) -> bool:
        """Write what a value has to meet: all of `parts`. Whether it is a text.

        `pointer` is None in lists.
        """
        described = self._referred(parts)
        schemas = [schema for schema, _ in described]
        kinds = {kind for schema in schemas if (kind := _kind(schema))}
        if len(kinds) != 1:
            raise _Unknown
        kind = kinds.pop()
        if any(schema.keys() - _KNOWN[kind] - _SAID - {"type"} for schema in schemas):
            raise _Unknown
        if pointer is not None and kind != "object":
            self.variables[pointer] = value
        match kind:
            case "string":
                self._text(schemas, value, depth)
            case "array":
                self._array(*_only(described), value, depth)
            case "object":
                self._object(*_only(described), value, depth, pointer)
            case "boolean":
                self._refuse([f"{value} is not True and {value} is not False"], depth)
                for constant in _all(schemas, "const"):
                    self._refuse([f"{value} is not {self._bind(constant)}"], depth)
            case _:
                self._number(kind, schemas, value, depth)
        return kind == "string"

    def _referred(self, parts: list[Described]) -> list[Described]:
        """The schemas, and those that they refer to."""
        waiting = list(parts)
        for schema, file in waiting:
            if not isinstance(schema, Mapping) or len(waiting) > _HOPS:
                raise _Unknown
            if "$ref" in schema:
                base, _, pointer = str(schema["$ref"]).partition("#/$defs/")
                known = self._common.get("$defs", {})
                if (base or file) != self._common["$id"] or pointer not in known:
                    raise _Unknown
                waiting.append((known[pointer], str(self._common["$id"])))
        return waiting

    def _text(self, schemas: list[Mapping[str, Any]], value: str, depth: int) -> None:
        refused = [f"type({value}) is not str"]
        for enum in _all(schemas, "enum"):
            refused.append(f"{value} not in {self._bind(frozenset(enum))}")
        for constant in _all(schemas, "const"):
            refused.append(f"{value} != {self._bind(constant)}")
        is_free = len(refused) == 1
        patterns = [_search(pattern) for pattern in _all(schemas, "pattern")]
        for least in _all(schemas, "minLength"):
            # What no pattern finds in an empty text has a character anyway.
            if _whole(least) > 1 or (least == 1 and all(find("") for find in patterns)):
                refused.append(f"len({value}) < {self._bind(least)}")
        for most in _all(schemas, "maxLength"):
            refused.append(f"len({value}) > {self._bind(_whole(most))}")
        refused += [f"not {self._bind(find)}({value})" for find in patterns]
        for name in _all(schemas, "format"):
            if name == "date":
                refused.append(f"(d{value} := day({value})).isoformat() != {value}")
            elif name not in _MEANINGS:
                refused.append(f"{self._bind(_explain(name))}({value}) is not None")
        for other in _all(schemas, "not"):
            if not _is_unclean(other):
                raise _Unknown
        self._refuse(refused, depth)
        if is_free:  # all texts are looked through at once, in the end
            self._put(f"add({value})", depth)

    def _number(self, kind: str, schemas: list[Mapping[str, Any]], value: str, depth: int) -> None:
        least, most = _all(schemas, "minimum"), _all(schemas, "maximum")
        if not least or not most:  # one of any size
            raise _Unknown
        refused = [f"type({value}) is not int"]
        # Between two bounds a Decimal is finite.
        if kind == "number":
            refused = [f"type({value}) is not int and type({value}) is not Decimal"]
        refused += [f"{value} < {self._bind(_whole(each))}" for each in least]
        refused += [f"{value} > {self._bind(_whole(each))}" for each in most]
        for factor in _all(schemas, "multipleOf"):
            step = Decimal(str(factor))
            if not step.is_finite() or step <= 0 or 1 % step:
                raise _Unknown
            refused.append(f"type({value}) is not int and {value} % {self._bind(step)}")
        if set(_all(schemas, "format")) - _MEANINGS:
            raise _Unknown
        self._refuse(refused, depth)

    def _array(self, schema: Mapping[str, Any], file: str, value: str, depth: int) -> None:
        refused = [f"type({value}) is not list"]
        if "minItems" in schema:
            refused.append(f"len({value}) < {self._bind(_whole(schema['minItems']))}")
        if "maxItems" in schema:
            refused.append(f"len({value}) > {self._bind(_whole(schema['maxItems']))}")
        self._refuse(refused, depth)
        item = self._variable()
        self._put(f"for {item} in {value}:", depth)
        are_texts = self.node([(schema["items"], file)], item, depth + 1, None)
        if schema.get("uniqueItems"):
            if not are_texts:
                raise _Unknown
            self._refuse([f"len(set({value})) != len({value})"], depth)

    def _object(
        self, schema: Mapping[str, Any], file: str, value: str, depth: int, pointer: str | None
    ) -> None:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if schema.get("additionalProperties") is not False or set(required) - properties.keys():
            raise _Unknown
        self._refuse([f"type({value}) is not dict"], depth)
        count = self._variable()
        self._put(f"{count} = {len(set(required))}", depth)
        for name, described in properties.items():
            key, child = self._bind(name), self._variable()
            below = None if pointer is None else pointer + pointers.format((name,))
            if name in required:
                if value in self.optional:
                    self.optional.append(child)
                self._put(f"{child} = {value}[{key}]", depth)
                self.node([(described, file)], child, depth, below)
            else:
                if below is not None:
                    self.optional.append(child)
                self._put(f"if {key} in {value}:", depth)
                self._put(f"{count} += 1", depth + 1)
                self._put(f"{child} = {value}[{key}]", depth + 1)
                self.node([(described, file)], child, depth + 1, below)
        self._refuse([f"len({value}) != {count}"], depth)
        self._put(f"keys += {count}", depth)
        for given, wanted in schema.get("dependentRequired", {}).items():
            lacks = " or ".join(f"{self._bind(name)} not in {value}" for name in wanted)
            if lacks:
                self._refuse([f"{self._bind(given)} in {value} and ({lacks})"], depth)

    def _variable(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _bind(self, constant: Any) -> str:
        name = f"c{len(self.bound)}"
        self.bound[name] = constant
        return name

    def _put(self, line: str, depth: int) -> None:
        self.lines.append("    " * depth + line)

    def _refuse(self, conditions: list[str], depth: int) -> None:
        self._put(f"if {' or '.join(conditions)}:", depth)
        self._put("return False", depth + 1)


def _kind(schema: Mapping[str, Any]) -> str:
    """The JSON type that a schema asks for; "" where it does not say."""
    values = [*schema.get("enum", ()), *_all([schema], "const")]
    kinds = {{str: "string", bool: "boolean"}.get(type(value)) for value in values}
    kinds |= {kind if isinstance(kind, str) else None for kind in _all([schema], "type")}
    if len(kinds) > 1 or None in kinds:
        raise _Unknown
    return str(*kinds)


def _all(schemas: list[Mapping[str, Any]], keyword: str) -> list[Any]:
    return [schema[keyword] for schema in schemas if keyword in schema]


def _only(described: list[Described]) -> Described:
    """The one schema that says anything of a list or group."""
    saying = [each for each in described if each[0].keys() - _SAID - {"type"}]
    if len(saying) != 1:
        raise _Unknown
    return saying[0]


def _whole(limit: Any) -> int:
    if type(limit) is not int:
        raise _Unknown
    return limit


def _search(pattern: str) -> Callable[[str], Any]:
    if not _SAME.fullmatch(pattern):
        raise _Unknown
    python = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    compiled = re.compile(python)
    return compiled.match if python.startswith("^") and "|" not in python else compiled.search


def _explain(name: str) -> Callable[[str], str | None]:
    if name not in formats.FORMATS:
        raise _Unknown
    return formats.FORMATS[name]


def _is_unclean(schema: Mapping[str, Any]) -> bool:
    """Whether a schema matches such texts alone as are not clean."""
    return schema.keys() - _SAID == {"pattern"} and _is_set_of_unclean(schema["pattern"])


@cache
def _is_set_of_unclean(pattern: str) -> bool:
    if not _PLAIN_SET.fullmatch(pattern):
        return False
    members = re.findall(rf"({_MEMBER})(?:-({_MEMBER}))?", pattern[1:-1])
    return all(
        len(first) == 1 and not texts.are_clean(chr(code))
        for first, last in members
        for code in range(ord(first), ord(last or first) + 1)
    )
