"""Which module may import which (design.md), that the light ones stay light, and what git holds."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "rnnviz").rglob("*.py"))
}
# A package imports from itself and from those before it, never from those after it: imports inside
# functions and for types count as well.
ORDER = (
    "safe",
    "notation",
    "theatre",
    "data",
    "parsing",
    "nn",
    "models",
    "analysis",
    "training",
    "figures",
    "runs",
    "commands",
    "explorer",
)
AT_THE_TOP = ("rnnviz", "rnnviz.__main__", "rnnviz.tracking")
WITHOUT_TORCH = ("safe", "notation", "theatre", "figures")
# These answer before torch has been imported, so the first picture does not wait for it.
LIGHT = (
    "rnnviz",
    "rnnviz.runs.store",
    "rnnviz.explorer.train.table",
    "rnnviz.explorer.parts.run_network",
    "rnnviz.training.curves",
    "rnnviz.explorer.parts.components",
    "rnnviz.figures",
    "rnnviz.notation.signals",
    "rnnviz.notation.decision",
    "rnnviz.analysis.atlas",
    "rnnviz.data.samples",
    "rnnviz.data.labelled",
    "rnnviz.data.memory",
    "rnnviz.training.budget",
    "rnnviz.training.diagnosis.causes",
    "rnnviz.training.diagnosis.findings",
    "rnnviz.training.plan",
    "rnnviz.training.presets",
    "rnnviz.training.diagnosis.measures",
    "rnnviz.training.tasks.table",
    "rnnviz.training.plan",
    "rnnviz.runs.queue",
    "rnnviz.parsing",
    "rnnviz.runs.snapshots",
    "rnnviz.explorer.train.moments",
    "rnnviz.analysis.gradient_flow",
)


def imports(path: Path, *, only_at_top: bool = False) -> Iterator[str]:
    """Every module that the file names in an import; with `only_at_top`, those run at import."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import, write the full name"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif only_at_top and runs_later(node):
            continue
        pending.extend(ast.iter_child_nodes(node))


def runs_later(node: ast.AST) -> bool:
    """Whether the node's body is no part of importing: a function, or for the type checker only."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def within_any(module: str, packages: tuple[str, ...]) -> bool:
    return any(within(module, package) for package in packages)


def ours(wanted: set[str]) -> list[str]:
    return [name for name in wanted if name.startswith("rnnviz.")]


def package(module: str) -> str:
    """The package of the first level that a module of ours is in; empty for those at the top."""
    return "" if module in AT_THE_TOP else module.split(".")[1]


def test_every_module_is_in_a_package_that_has_its_place() -> None:
    found = {package(module) for module in MODULES} - {""}
    assert found == set(ORDER)


@pytest.mark.parametrize("module", [name for name in MODULES if name not in AT_THE_TOP])
def test_imports_point_one_way(module: str) -> None:
    wanted = set(imports(MODULES[module]))
    own = package(module)
    later = ORDER[ORDER.index(own) + 1 :]
    ours = {name for name in wanted if name.startswith("rnnviz.") and name not in AT_THE_TOP}
    assert not [name for name in ours if package(name) in later]
    if own != "explorer":
        assert not [name for name in wanted if within(name, "streamlit")]
    if own in WITHOUT_TORCH:
        assert not [name for name in wanted if within(name, "torch")]
    if own == "figures":
        roots = {name.split(".")[0] for name in wanted} - set(sys.stdlib_module_names)
        assert roots <= {"numpy", "plotly", "rnnviz"}
    if any(within(module, name) for name in LIGHT[1:]):
        assert not [n for n in imports(MODULES[module], only_at_top=True) if within(n, "torch")]


def test_no_import_goes_in_a_circle() -> None:
    graph = {
        module: {name for name in imports(path) if name in MODULES and name != module}
        - set(AT_THE_TOP[:1])  # the package resolves its names lazily
        for module, path in MODULES.items()
        if module != "rnnviz"
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError and names the cycle


def test_the_light_modules_import_no_torch_and_no_streamlit() -> None:
    light = [
        name for name in LIGHT if name in MODULES and name != "rnnviz.explorer.parts.components"
    ]
    assert {"rnnviz", "rnnviz.notation.signals"} <= set(light)
    heavy = ("torch", "torchvision", "sklearn", "streamlit", "pandas")
    code = f"import sys, {', '.join(light)}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_requirements_are_exact_and_agree_with_pyproject() -> None:
    exact = {}
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith(("#", "-r")):
                package, version = line.split("==")
                exact[package] = tuple(int(part) for part in version.split("."))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in [*project["dependencies"], *project["optional-dependencies"]["app"]]:
        package, bound = line.split(">=")
        assert exact[package] >= tuple(int(part) for part in bound.split(".")), line


def test_no_large_file_is_in_git() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    sizes = {path: path.stat().st_size for path in paths if path.exists()}
    assert sizes
    assert not [str(path) for path, size in sizes.items() if size > 12_000_000]
    trained = [size for path, size in sizes.items() if path.is_relative_to(ROOT / "pretrained")]
    assert sum(trained) < 60_000_000
