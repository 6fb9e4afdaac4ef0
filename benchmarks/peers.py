"""Other people's commands as a measure: found, asked for their version, and believed only if they
found what was planted.

A peer that says nothing of lines that are wrong is fast for another reason.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """A command, its name and its version."""

    command: str
    name: str
    version: str


def check_jsonschema() -> Peer | None:
    """The one beside this Python."""
    tool = Path(sys.executable).with_name("check-jsonschema")
    return Peer(str(tool), "check-jsonschema", _version(str(tool))) if tool.exists() else None


def sourcemeta() -> Peer | None:
    """The `jsonschema` of npm's @sourcemeta/jsonschema, at $SOURCEMETA or on the PATH.

    Python had a command of that name, long ago: it knows no `validate`.
    """
    tool = os.environ.get("SOURCEMETA") or shutil.which("jsonschema")
    if not tool:
        return None
    told = subprocess.run([tool, "help"], capture_output=True, text=True, check=False)
    if "validate <schema.json" not in told.stdout + told.stderr:
        print(f"{tool} is not sourcemeta's jsonschema: left out")
        return None
    return Peer(tool, "sourcemeta jsonschema", _version(tool))


def _version(tool: str) -> str:
    told = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    return told.stdout.strip().split()[-1]


@dataclass(frozen=True)
class Count:
    """How many submissions somebody called wrong, how many errors that were, and in how many bytes
    it was said."""

    wrong: int
    errors: int
    size: int

    def __str__(self) -> str:
        return f"{self.wrong:,} wrong, {self.errors:,} errors, {self.size:,} bytes"


def ours(reports: Path) -> Count:
    """What a reports.jsonl says."""
    lines = [json.loads(line) for line in reports.open("rb")]
    return _counted(lines, lambda rule: True, reports.stat().st_size)


def planted(reports: Path) -> int:
    """The submissions that a schema alone says are wrong, for who knows none of our formats."""
    lines = [json.loads(line) for line in reports.open("rb")]
    return _counted(lines, _in_schema, 0).wrong


def _in_schema(rule: str) -> bool:
    return rule.startswith("schema.") and rule != "schema.format"


def _counted(lines: list[dict], asked: Callable[[str], bool], size: int) -> Count:
    found = [
        [f for f in line["report"]["findings"] if f["severity"] == "error" and asked(f["rule"])]
        for line in lines
    ]
    return Count(sum(map(bool, found)), sum(map(len, found)), size)


def of_sourcemeta(log: Path) -> Count:
    """What its log says, all errors kept."""
    text = log.read_text("utf-8", "replace")
    return Count(text.count("\nfail: ") + text.startswith("fail: "),
                 text.count("    at instance location "), log.stat().st_size)  # fmt: skip


def of_check_jsonschema(log: Path) -> Count:
    """What its JSON says."""
    told = json.loads(log.read_text("utf-8"))
    wrong = {error["filename"] for error in told["errors"]}
    return Count(len(wrong), len(told["errors"]), log.stat().st_size)


def counts(peer: Peer, found: Count, wanted: int) -> bool:
    """Say what a peer found; whether it may be compared with: it called wrong what is, and maybe
    more (0.07 is no multiple of 0.01 to some)."""
    print(f"  {peer.name} {peer.version}: {found}; planted in the schema: {wanted:,}", flush=True)
    if found.wrong < wanted:
        print(f"  {peer.name} did not find what was planted: it does not count")
    return found.wrong >= wanted
