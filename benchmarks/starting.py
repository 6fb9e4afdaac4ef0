"""Starting: whole processes, from the command to the report, and to a service that answers.

`python -m benchmarks.starting`. CPU and wall seconds, medians; bytecode is there after the warm-up.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bulk import FORM, bundled
from benchmarks.serving import served

_ROOT = Path(__file__).parent.parent
_ROUNDS = 7
_CHECK, _READY = 0.3, 1.5  # seconds, on a machine that does nothing else


def main() -> None:
    sample = next((_ROOT / "samples").glob(f"**/{FORM}/*/valid/*.json"))
    show("formsvc check, one file", measured(lambda: run("-m", "formsvc", "check", str(sample))))
    tool = Path(sys.executable).with_name("check-jsonschema")
    if tool.exists():
        with tempfile.TemporaryDirectory() as folder:
            schema = Path(folder) / "schema.json"
            schema.write_text(json.dumps(bundled()), "utf-8")
            arguments = (str(tool), "--schemafile", str(schema), str(sample))
            show("check-jsonschema, the same file", measured(lambda: run(*arguments)))
    print(f"  (the first at most {_CHECK:g} s)")
    show("formsvc serve, until /readyz answers", measured(ready))
    print(f"  (at most {_READY:g} s)")


def measured(start: Callable[[], float]) -> tuple[float, float]:
    """Median CPU and wall seconds of a process, after one run to warm up."""
    start()
    spent, waited = [], []
    for _ in range(_ROUNDS):
        before = _children()
        waited.append(start())
        spent.append(_children() - before)
    return statistics.median(spent), statistics.median(waited)


def run(*arguments: str) -> float:
    """Wall seconds of a Python of ours."""
    began = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_with_bytecode())
    return time.perf_counter() - began


def ready() -> float:
    """Wall seconds until a service of one worker answers; its CPU is counted when it has ended."""
    began = time.perf_counter()
    with served(_ROOT):
        return time.perf_counter() - began


def show(what: str, seconds: tuple[float, float]) -> None:
    spent, waited = seconds
    print(f"{what}: {spent:.2f} s of CPU, {waited:.2f} s", flush=True)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _with_bytecode() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


if __name__ == "__main__":
    main()
