"""The parameters of the routes: what each in a path is, and that what is not known is refused."""

import re
from typing import Any, Final

from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from formsvc.documents import MEDIA_TYPES

# A parameter that is misspelt would else change nothing, and nobody would hear of it.
_UNKNOWN: Final = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}


class _Parser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = _UNKNOWN


class Routes(Blueprint):
    """A blueprint of the interface; what stands in its paths is described in one place."""

    ARGUMENTS_PARSER = _Parser()

    def route(self, rule: str, **options: Any) -> Any:
        named = [_IN_PATHS[name] for name in _NAMES.findall(rule)]
        return super().route(rule, parameters=named, **options)


def _in_path(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description,
            "schema": schema}  # fmt: skip


_NAMES: Final = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_IN_PATHS: Final = {
    each["name"]: each
    for each in (
        _in_path("form", "表的编号，见 GET /api/v1/forms", {"$ref": "#/components/schemas/FormId"}),
        _in_path("format", "文件格式", {"type": "string", "enum": list(MEDIA_TYPES)}),
        _in_path("filing", "申报的 id", _NUMBER),
        _in_path("version", "第几版", _NUMBER),
        _in_path("material", "文件的 id", _NUMBER),
        _in_path("ending", "文件格式", {"type": "string", "enum": ["pdf", "json"]}),
        _in_path("id", "任务的 id", {"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        _in_path("name", "哪一个文件，见任务的 files", {"type": "string", "minLength": 1}),
    )
}
