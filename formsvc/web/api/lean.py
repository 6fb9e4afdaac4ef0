"""Routes that are asked thousands of times: described like all others, answered with less around.

flask-smorest describes a view and, around each call, has webargs read its arguments by marshmallow
and marshmallow write its answer. A lean view answers by itself, and what is asked without any
arguments gets their defaults at once; with arguments it goes the way of all.
"""

from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from typing import Any

from flask import Response, request
from marshmallow import Schema, missing

View = Callable[..., Response]


def lean(described: View) -> View:
    """A view as flask-smorest made it, which takes arguments of the query alone and answers with
    a response of its own: without a query it is called as it was written."""
    view: View = unwrap(described)
    (query,) = described._apidoc["arguments"]["parameters"]  # type: ignore[attr-defined]  # its description
    arguments: Schema = query["schema"]()
    defaults = {
        name: field.load_default
        for name, field in arguments.fields.items()
        if field.load_default is not missing
    }

    @wraps(described)
    def answer(**place: Any) -> Response:
        if request.query_string:
            return described(**place)
        given = {name: each() if callable(each) else each for name, each in defaults.items()}
        return view(given, **place)

    return answer
