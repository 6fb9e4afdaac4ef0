"""What is wrong with a file that its JSON Schema forbids, in words for whoever mends it."""

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema
from referencing import Registry, Resource


def registry(*contents: Mapping[str, Any]) -> Registry[Any]:
    """The only place `$ref` may lead to: nothing is ever fetched."""
    resources: list[tuple[str, Resource[Any]]] = [
        (str(content["$id"]), Resource.from_contents(content)) for content in contents
    ]
    known: Registry[Any] = Registry().with_resources(resources)
    return known


def of_table(
    table: Mapping[str, Any], described: Mapping[str, Any], known: Iterable[Mapping[str, Any]]
) -> list[tuple[list[str | int], str]]:
    """(path, complaint) for each fault of a table by its schema, which may refer to those known."""
    validator = jsonschema.Draft202012Validator(
        described, registry=registry(*known), format_checker=jsonschema.FormatChecker(["date"])
    )
    errors = sorted(
        validator.iter_errors(table), key=lambda error: [str(part) for part in error.absolute_path]
    )
    return [(list(error.absolute_path), error.message) for error in errors]


def of_schema(schema: Mapping[str, Any]) -> tuple[str, str] | None:
    """(place, complaint) for a JSON Schema that is none; None when it is one after all."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return error.json_path, error.message
    return None
