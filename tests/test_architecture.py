"""What import-linter does not see: private names of others, and modules named in strings."""

import ast
import re
from pathlib import Path

from .conftest import ROOT

FILES = sorted((ROOT / "formsvc").rglob("*.py"))


def module(path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> dict[str, str]:
    """Names in a file that stand for modules of ours."""
    known = {module(path) for path in FILES}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known:
                    found[alias.asname or alias.name] = whole
    return found


def private(path: Path) -> list[str]:
    """The private names of other modules in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    names = imported(tree)
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("formsvc")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    taken += [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in names
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
    ]
    return taken


def test_no_private_name_of_another_module_is_used():
    assert {path: taken for path in FILES if (taken := private(path))} == {}


def test_no_string_imports_a_module():
    known = {module(each) for each in FILES}
    for path in FILES:
        strings = {
            node.value.partition(":")[0]
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert {text for text in strings & known if "." in text} == set(), path


def test_every_module_has_a_docstring_and_at_most_four_hundred_and_fifty_lines():
    for path in FILES:
        text = path.read_text("utf-8")
        assert ast.get_docstring(ast.parse(text)) or not text.strip(), path
        assert text.count("\n") <= 450, path


def test_a_class_s_name_is_one_type_s_name():
    names: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                names.setdefault(node.name, set()).add(module(path))
    assert {name: places for name, places in names.items() if len(places) > 1} == {}


def test_a_new_module_outside_of_the_layers_breaks_the_contract(tmp_path):
    import shutil
    import subprocess
    import sys

    shutil.copytree(ROOT / "formsvc", tmp_path / "formsvc")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    whole = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert whole.returncode == 0, whole.stdout
    (tmp_path / "formsvc" / "attic.py").write_text('"""Where does this belong?"""\n')
    broken = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert broken.returncode == 1
    assert re.search("attic", broken.stdout)
