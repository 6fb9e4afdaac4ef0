"""Bulk runs measured against commands that check structure alone. Ratios come from one run.

    python -m benchmarks.bulk [--quick]

check-jsonschema is looked for beside this Python, the sourcemeta command (`npm install
@sourcemeta/jsonschema`, used as a measure only) on the PATH as `jsonschema` or at $SOURCEMETA.
What is missing is left out, and so is a peer that did not find what was planted.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from benchmarks import peers
from benchmarks.generate import ON, Data, batch
from formsvc import documents, load_forms
from formsvc.bulk.batch import Batch, Job
from formsvc.bulk.executors import HereExecutor, opened
from formsvc.bulk.outputs import letters, workbook
from formsvc.intake.sources import Sources
from formsvc.storage import folder

ROOT = Path(__file__).parent.parent
FORM, EDITION = "jiangxi-training-summary", "2026-1"
SCHEMAS = ROOT / "schemas"
SCHEMA = SCHEMAS / "jiangxi" / FORM / EDITION / "schema.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    share = 10 if parser.parse_args().quick else 1
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        against_check_jsonschema(path, 2_000 // share)
        against_sourcemeta(path, 20_000 // share)
        stages(path, 20_000 // share)
        documents_a_second(500 // share)


def against_check_jsonschema(path: Path, count: int) -> None:
    """The same files as arguments, a process each way; ours says rules and messages too."""
    inbox = path / "files"
    inbox.mkdir()
    for number, data in enumerate(submitted(count)):
        (inbox / f"{number:05d}.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    files = [str(file) for file in sorted(inbox.iterdir())]
    ours = timed(lambda: command(["check", *files, "--output", "json"]))
    say(f"formsvc check, {count:,} files", count, ours)
    whole = timed(lambda: command(["bulk", str(inbox), "-o", str(path / "ours")]))
    say(f"formsvc bulk, {count:,} files, workbook and letters too", count, whole)
    print(f"  formsvc: {peers.ours(path / 'ours/reports.jsonl')}")
    if peer := peers.check_jsonschema():
        schema, log = path / "schema.json", path / "check-jsonschema.json"
        schema.write_text(json.dumps(bundled()), "utf-8")
        arguments = [peer.command, "--schemafile", str(schema), "--output-format", "json", *files]
        theirs = timed(lambda: logged(arguments, log))
        say(f"{peer.name}, {count:,} files", count, theirs)
        wanted = peers.planted(path / "ours/reports.jsonl")
        if peers.counts(peer, peers.of_check_jsonschema(log), wanted):
            print(f"  → {theirs / ours:.1f} times (check), {theirs / whole:.1f} (bulk)")


def against_sourcemeta(path: Path, count: int) -> None:
    """The same JSONL, all errors of each line kept on both sides; theirs checks structure, ours
    rules and messages too."""
    source = path / "batch.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        for data in submitted(count):
            stream.write(json.dumps(data, ensure_ascii=False) + "\n")
    print(f"  {count:,} lines of {source.stat().st_size / count:,.0f} bytes")
    ours = timed(lambda: reports(source, path / "reports", None))
    say(f"formsvc reports, {count:,} lines", count, ours)
    whole = timed(lambda: command(["bulk", str(source), "-o", str(path / "whole")]))
    say(f"formsvc bulk, {count:,} lines, all outputs", count, whole)
    print(f"  formsvc: {peers.ours(path / 'reports/reports.jsonl')}")
    if peer := peers.sourcemeta():
        schema, log = str(SCHEMA), path / "sourcemeta.log"
        common = str(SCHEMAS / "common.schema.json")
        arguments = [
            peer.command,
            "validate",
            "--continue",
            schema,
            str(source),
            "--resolve",
            common,
        ]
        kept = timed(lambda: logged(arguments, log))
        say(f"{peer.name} validate --continue, {count:,} lines, its report kept", count, kept)
        wanted = peers.planted(path / "reports/reports.jsonl")
        if peers.counts(peer, peers.of_sourcemeta(log), wanted):
            print(f"  → {kept / ours:.1f} times (reports), {kept / whole:.1f} (all)")


def submitted(count: int) -> Iterator[Data]:
    """Submissions of one form in one edition."""
    for data in batch(count, form=FORM):
        yield {**data, "edition": EDITION}


def stages(path: Path, count: int) -> None:
    """Where the time goes, and what a second core brings."""
    source = path / "mixed.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        for data in batch(count):
            stream.write(json.dumps(data, ensure_ascii=False) + "\n")
    one = timed(lambda: reports(source, path / "one", 1))
    say(f"reports, {count:,} mixed lines, 1 process", count, one)
    for workers in range(2, len(os.sched_getaffinity(0)) + 1):
        more = timed(lambda workers=workers: reports(source, path / f"w{workers}", workers))
        say(f"reports, {workers} processes", count, more)
        print(f"  → {one / more:.2f} times one process")
    sources = Sources([str(source)], load_forms())
    run = Batch(folder(str(path / "again")), Job(on=ON))
    say("first pass", count, timed(lambda: run.check(sources, HereExecutor(), at_once=1)))
    began = time.perf_counter()
    with closing(run.compare()) as results:
        say("comparison and index", count, time.perf_counter() - began)
        say("letters", count, timed(lambda: letters.write(results)))
        say("workbook", count, timed(lambda: workbook.write(results)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  peak memory of this process: {peak} MB")


def documents_a_second(count: int) -> None:
    catalogue = load_forms()
    clean = list(batch(count, faulty=0))
    for format in ("docx", "pdf"):
        some = clean if format == "docx" else clean[: max(count // 5, 1)]
        documents.fill(catalogue[some[0]["form"]], some[0], format)
        spent = timed(
            lambda some=some, format=format: [
                documents.fill(catalogue[data["form"]], data, format) for data in some
            ]
        )
        say(f"{format} filled, 1 core", len(some), spent)


def logged(arguments: list[str], log: Path) -> None:
    with log.open("wb") as output:
        subprocess.run(arguments, stdout=output, stderr=subprocess.STDOUT, check=False)


def reports(source: Path, target: Path, workers: int | None) -> None:
    """reports.jsonl with the comparison across submissions."""
    sources = Sources([str(source)], load_forms())
    run = Batch(folder(str(target)), Job(on=ON))
    with opened(workers, None) as (executor, at_once):
        run.check(sources, executor, at_once=at_once)
    run.compare().close()
    run.finish()


def bundled() -> dict[str, object]:
    """One schema that needs no other file."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    common = json.loads((SCHEMAS / "common.schema.json").read_text("utf-8"))
    return {**schema, "$defs": {"common": common}}


def command(arguments: list[str]) -> None:
    quiet([sys.executable, "-c", "from formsvc.cli import main; main()", *arguments,
           "--on", day(ON)])  # fmt: skip


def day(on: date) -> str:
    return on.isoformat()


def quiet(arguments: list[str]) -> None:
    """Run a command to its end; findings are expected, a failure to run is not."""
    sink = subprocess.DEVNULL
    done = subprocess.run(arguments, check=False, cwd=ROOT, stdout=sink, stderr=subprocess.PIPE)
    if done.returncode not in (0, 1, 2):
        raise SystemExit(done.stderr.decode()[-2000:])


def timed(task: Callable[[], object]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def say(what: str, count: int, seconds: float) -> None:
    print(f"{what:55} {seconds:8.2f} s {count / seconds:10,.0f} /s", flush=True)


if __name__ == "__main__":
    main()
