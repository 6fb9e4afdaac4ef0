"""The three manuals as pages, made of the same files that are read beside the source."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, render_template, send_from_directory, url_for
from werkzeug.exceptions import NotFound

from formsvc.forms import built_in

manuals = Blueprint("manuals", __name__)

MANUALS: Final = {"applicant": "申请人", "employer": "用人单位", "reviewer": "审核人员"}
"""Whose manuals there are; in docs/ each is manual-….md."""


@dataclass(frozen=True)
class Manual:
    """A manual as HTML, with the links to its chapters: (id, heading)."""

    title: str
    chapters: tuple[tuple[str, str], ...]
    html: str


@manuals.app_context_processor
def _listed() -> dict[str, object]:
    listed = [(url_for("manuals.show", who=who), whose) for who, whose in MANUALS.items()]
    return {"manuals": listed}


@manuals.get("/manuals/<who>")
def show(who: str) -> str:
    """A manual."""
    if who not in MANUALS:
        raise NotFound
    return render_template("manual.html", manual=_read(who))


@manuals.get("/manuals/images/<name>")
def picture(name: str) -> Response:
    """A picture of the manuals, which name it as they do beside the source."""
    response = send_from_directory(_folder() / "images", name)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _folder() -> Path:
    """Where the forms that come along lie, there lie the manuals."""
    return built_in().schemas.parent / "docs"


@cache
def _read(who: str) -> Manual:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # a service that starts reads no manual

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((_folder() / f"manual-{who}.md").read_text("utf-8"))
    chapters: list[tuple[str, str]] = []
    for opened, heading in pairwise(tokens):
        if opened.type == "heading_open" and opened.tag == "h2":
            chapters.append((f"part-{len(chapters) + 1}", heading.content))
            opened.attrSet("id", chapters[-1][0])
    _, title, _, *body = tokens  # the title stands above all
    html = parser.renderer.render(body, parser.options, {})
    return Manual(title.content, tuple(chapters), html)
