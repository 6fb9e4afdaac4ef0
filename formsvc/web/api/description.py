"""What openapi.json says beside the routes: errors as problems, each form by its own schema."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from flask_smorest import Api
from marshmallow.fields import Field

from formsvc.forms import Form
from formsvc.web.api.payloads import ProblemPayload
from formsvc.web.problems import MEDIA_TYPE, from_exception, title

BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
"""The content of a file."""
PROBLEM: Final[dict[str, Any]] = {"schema": ProblemPayload, "content_type": MEDIA_TYPE}
"""How a refusal is described: `alt_response(404, **PROBLEM, description=…)`."""
SUBMISSION: Final = {"$ref": "#/components/schemas/Submission"}
"""A submission of any form."""

DEMANDED: Final = "x-demanded"
"""Of a parameter that must be there, though its envelope does not say so."""

_JSON: Final = {"schema": {"type": "object"}}
_COMPONENT: Final = "#/components/schemas/"


def taking(description: str, *media_types: str) -> dict[str, Any]:
    """That the body of a request is a file, or holds its bytes; for `Blueprint.doc`."""
    content = dict.fromkeys(media_types, BINARY)
    return {"requestBody": {"required": True, "description": description, "content": content}}


def giving(description: str, *media_types: str) -> dict[str, Any]:
    """That a route answers with a file of one of these types; for `Blueprint.doc`."""
    content = {kind: _JSON if kind == "application/json" else BINARY for kind in media_types}
    return {"responses": {"200": {"description": description, "content": content}}}


class DescribedApi(Api):
    """flask-smorest with our error payload, in our words."""

    ERROR_SCHEMA = ProblemPayload

    def handle_http_exception(self, error: Any) -> Any:
        return from_exception(error)

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        self.ma_plugin.converter.add_parameter_attribute_function(_demanded)

    def _register_responses(self) -> None:
        """The library's own are in English, and name application/json."""
        content = {MEDIA_TYPE: {"schema": ProblemPayload}}
        for status in HTTPStatus:
            described = {"description": title(status), "content": content}
            self.spec.components.response(status.name, described, lazy=True)
        described = {"description": "别的错误", "content": content}
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, described, lazy=True)

    def describe_forms(self, forms: Iterable[Form]) -> None:
        """Each form's schema by its id, what they share, and a submission as one of them."""
        known = {form.id: form for form in forms}
        shared: list[Mapping[str, Any]] = []
        for form in known.values():
            if form.common not in shared:
                shared.append(form.common)
            own = _Names(form.common["$id"], shared.index(form.common))
            self.spec.components.schema(form.id, own.moved(form.schema))
        for number, common in enumerate(shared):
            own = _Names(common["$id"], number)
            for name, definition in common["$defs"].items():
                self.spec.components.schema(own.component(name), own.moved(definition))
        self.spec.components.schema("FormId", {"type": "string", "enum": list(known)})
        references = {id: f"{_COMPONENT}{id}" for id in known}
        one = {
            "description": "一份申报：form 写明是哪一种表，其余按那种表的栏目",
            "oneOf": [{"$ref": each} for each in references.values()],
            "discriminator": {"propertyName": "form", "mapping": references},
        }
        self.spec.components.schema("Submission", one)


def _demanded(_: Any, field: Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """What apispec adds to the parameter `ret` that it makes of a field; bound to its converter."""
    is_demanded = ret.get("schema", {}).pop(DEMANDED, False)
    return {"required": True} if is_demanded else {}


class _Names:
    """Where the definitions that a form shares are among the components."""

    def __init__(self, base: str, number: int) -> None:
        self._base = base
        self._prefix = f"common{number + 1}." if number else "common."

    def component(self, name: str) -> str:
        return self._prefix + name

    def moved(self, schema: Any) -> Any:
        """A schema whose references lead among the components."""
        if isinstance(schema, list):
            return [self.moved(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        kept = {k: v for k, v in schema.items() if k not in ("$id", "$schema")}
        return {key: self._place(value) if key == "$ref" else self.moved(value)
                for key, value in kept.items()}  # fmt: skip

    def _place(self, reference: str) -> str:
        name = reference.removeprefix(self._base).removeprefix("#/$defs/")
        return f"{_COMPONENT}{self.component(name)}"
