"""JSON Schemas: those of the forms, and those that form.toml and programme.toml have to meet."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import jsonschema_rs

from formsvc import pointers
from formsvc.errors import FormError
from formsvc.forms.fields import EDITION, FORM, Field
from formsvc.writing import codes

COMMON: Final = "common.schema.json"
# The JSON type that a value of each meaning has.
_FORMATS: Final = {"money": "number", "date": "string", "paragraphs": "string",
                   **dict.fromkeys(codes.KINDS, "string")}  # fmt: skip
_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_NO_NAME: Final = re.compile(r"[0-9]+|\*")
# A day outside of these years would lead outside of the calendar.
_NO_DAYS: Final = ("0000-01-01", "1899-12-31", "9999-12-31")
_DESCRIBED: Final = ("form", "programme", "values")

Fault = tuple[list[str | int], str]
"""The path to what is wrong, and the complaint."""


def common(own: Path, built_in: Path) -> Mapping[str, Any]:
    """The definitions that the schemas of a shelf share: its own file's, else the built-in ones."""
    path = own / COMMON
    return json_object(path if path.exists() else built_in / COMMON)


@cache
def described(kind: str) -> dict[str, Any]:
    """The JSON Schema of `form.toml`, `programme.toml` or a file of values, by the file's stem."""
    return json_object(Path(__file__).with_name(f"{kind}.schema.json"))


@cache
def _quick(kind: str) -> jsonschema_rs.Draft202012Validator:
    known = jsonschema_rs.Registry([(each["$id"], each) for each in map(described, _DESCRIBED)])
    return jsonschema_rs.Draft202012Validator(
        described(kind), registry=known, validate_formats=True, offline=True
    )


def faults(kind: str, table: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a TOML file of this kind, first things first."""
    try:
        if _quick(kind).is_valid(table):
            return []
    except (ValueError, TypeError, OverflowError):
        pass  # The other one has words for it.
    from formsvc.forms import complaints  # noqa: PLC0415  # slow to load, and most files are right

    return complaints.of_table(table, described(kind), list(map(described, _DESCRIBED)))


def json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; FormError when it holds none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise FormError(f"{path}: must hold one JSON object")
    return value


class FormSchema:
    """A form's schema.json, verified: what it holds can be printed, asked for and judged."""

    def __init__(self, path: Path, common: Mapping[str, Any]) -> None:
        self.path = path
        self.common = common
        self.content = json_object(path)
        if not jsonschema_rs.meta.is_valid(self.content):
            from formsvc.forms import complaints  # noqa: PLC0415  # as above

            if fault := complaints.of_schema(self.content):
                self.fail(*fault)
        self.fields: Mapping[str, Field] = {
            field.pointer: field for field in self._walk(self.content, "")
        }

    def fail(self, place: str, what: str) -> NoReturn:
        raise FormError(f"{self.path}: {place}: {what}")

    @property
    def rooms(self) -> dict[str, int]:
        """How many rows each list of rows may have."""
        lists = {field.list for field in self.fields.values() if "/*/" in field.pointer}
        return {name: int(self.fields[name].schema["maxItems"])
                for name in self.fields if name in lists}  # fmt: skip

    def verify_head(self, form: str, edition: str) -> None:
        """The schema says of which form and edition it is, as its folders do."""
        properties = self.content.get("properties", {})
        if properties.get("form", {}).get("const") != form:
            self.fail("/properties/form", f"const must be the form's id, {form!r}")
        if properties.get("edition", {}).get("const") != edition:
            self.fail("/properties/edition", f"const must be the edition, {edition!r}")
        if self.content.get("$id") != f"urn:formsvc:{form}:{edition}":
            self.fail("$id", f"must be urn:formsvc:{form}:{edition}")

    def _resolve(self, node: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Follow `$ref`; keywords beside it win. Every hop leads into the common definitions, the
        only place it may lead to."""
        merged, hops = dict(node), 0
        while reference := merged.pop("$ref", None):
            hops += 1
            base, _, pointer = str(reference).partition("#")
            target: object = pointers.MISSING
            if base in ("", self.common["$id"]) and pointer[:1] in ("", "/"):
                target = pointers.get(self.common, pointer)
            if hops > 32 or not isinstance(target, dict):
                self.fail(place, f"$ref {reference!r} leads nowhere")
            merged = {**target, **merged}
        return merged

    def _walk(self, node: Mapping[str, Any], pointer: str) -> Iterator[Field]:
        required = node.get("required", [])
        for name, child in node.get("properties", {}).items():
            if _NO_NAME.fullmatch(name):
                self.fail(pointer, f"{name!r} cannot be a field's name")
            yield from self._node(child, f"{pointer}{pointers.format([name])}", name in required)
        if "items" in node:
            yield from self._node(node["items"], f"{pointer}/*", False)

    def _node(self, raw: Any, pointer: str, required: bool) -> Iterator[Field]:
        if not isinstance(raw, dict):
            self.fail(pointer, "must be described")
        schema = self._resolve(raw, pointer)
        if not schema.get("title"):
            self.fail(pointer, "has no title (the label on paper)")
        if pointer not in (FORM, EDITION):
            self._verify(schema, pointer)
        yield Field(pointer, str(schema["title"]), schema, required)
        yield from self._walk(schema, pointer)

    def _verify(self, schema: Mapping[str, Any], pointer: str) -> None:
        """Of shapes, those only that every part of the service knows."""
        form, choices = schema.get("format"), schema.get("enum")
        kind = schema.get("type", "string" if choices else None)
        if not isinstance(kind, str) or kind not in _TYPES:
            self.fail(pointer, "must have one type")
        if choices and (kind != "string" or not all(isinstance(each, str) for each in choices)):
            self.fail(pointer, "enum must be of texts")
        if _FORMATS.get(form or "", kind) != kind:
            self.fail(pointer, f"format {form!r} is for the type {_FORMATS[str(form)]}")
        if kind == "object" and schema.get("additionalProperties") is not False:
            self.fail(pointer, "additionalProperties must be false")
        free = kind == "string" and not choices
        if free and not schema.keys() & {"not", "pattern", "format"}:
            self.fail(pointer, "a free text must refer to one of the common text types")
        if form == "date" and not _is_bounded(str(schema.get("pattern", ""))):
            self.fail(pointer, "a date must refer to the common date type")
        if kind == "array":
            self._verify_list(schema, pointer)
        if "/*" in pointer and kind == "object" and not pointer.endswith("/*"):
            self.fail(pointer, "rows cannot hold groups")

    def _verify_list(self, schema: Mapping[str, Any], pointer: str) -> None:
        if "/*" in pointer:
            self.fail(pointer, "rows cannot hold lists")
        if not isinstance(schema.get("items"), dict):
            self.fail(pointer, "a list must describe its items")
        items = self._resolve(schema["items"], pointer)
        if items.get("type") == "object" and not isinstance(schema.get("maxItems"), int):
            self.fail(pointer, "a list of rows must have maxItems, the rows that the paper has")
        if items.get("type") not in ("object", "string") and "enum" not in items:
            self.fail(pointer, "a list holds texts or rows")


def _is_bounded(pattern: str) -> bool:
    return bool(pattern) and not any(re.search(pattern, day) for day in _NO_DAYS)


def plain(value: Any) -> Any:
    """TOML's days as ISO texts, as JSON Schema knows them."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
