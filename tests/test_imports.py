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
# A module imports from its own layer and from those above it in this list, never from below.
LAYERS = (
    ("rnnviz.nn.cells",),
    ("rnnviz.nn.unrolling", "rnnviz.nn.buffers", "rnnviz.nn.sweeps", "rnnviz.nn.arguments"),
    ("rnnviz.nn.torch_names",),
    ("rnnviz.nn.recurrent", "rnnviz.nn.bptt"),
    ("rnnviz.nn.parameters",),
    ("rnnviz.nn.observe",),
    ("rnnviz.surgery", "rnnviz.nn.parity", "rnnviz.models.readouts"),
    ("rnnviz.models.classifier", "rnnviz.models.checkpoint", "rnnviz.models.tokens"),
    ("rnnviz.analysis",),
    (
        "rnnviz.training",
        "rnnviz.models.evaluation",
        "rnnviz.analysis.robustness",
        "rnnviz.models.reader",
    ),
    ("rnnviz.runs.queue", "rnnviz.runs.worker", "rnnviz.explorer.train.replay"),
    ("rnnviz.explorer",),
    ("rnnviz.explorer.server",),
    ("rnnviz.commands",),
    ("rnnviz.__main__",),
)
UPWARDS: set[tuple[str, str]] = set()
# Words, colours, checks and arithmetic on arrays, which know no network.
ARRAYS = (
    "rnnviz.safe.checked",
    "rnnviz.notation.signals",
    "rnnviz.notation.palette",
    "rnnviz.notation.decision",
    "rnnviz.theatre.ordering",
    "rnnviz.analysis.saturation",
    "rnnviz.analysis.units",
)
# These import of ours only themselves and what is named here.
ALONE: dict[str, tuple[str, ...]] = {
    "rnnviz.data": (
        "rnnviz.tracking",
        "rnnviz.safe.files",
    ),
    "rnnviz.explorer.parts.components": ARRAYS,
    "rnnviz.figures": ARRAYS,
    **dict.fromkeys(ARRAYS, ARRAYS),
}
STREAMLIT = {
    "rnnviz.explorer.server",
    "rnnviz.explorer",
    "rnnviz.explorer.parts.components",
    "rnnviz.explorer.parts.router",
}
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
    "rnnviz.training.words",
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


def layer(module: str) -> int | None:
    """The number of the layer that the module or one of its packages stands in."""
    for number, names in enumerate(LAYERS):
        if any(within(module, name) for name in names):
            return number
    return None


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def within_any(module: str, packages: tuple[str, ...]) -> bool:
    return any(within(module, package) for package in packages)


def ours(wanted: set[str]) -> list[str]:
    return [name for name in wanted if name.startswith("rnnviz.")]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    wanted = set(imports(MODULES[module]))
    if (own := layer(module)) is not None:
        above = [name for name in wanted if (layer(name) or 0) > own]
        upwards = [to for of, to in UPWARDS if of == module]
        assert not [name for name in above if not any(within(name, to) for to in upwards)]
    for package, allowed in ALONE.items():
        if within(module, package):
            assert not [name for name in ours(wanted) if not within_any(name, (package, *allowed))]
            assert package == "rnnviz.data" or not any(within(name, "torch") for name in wanted)
    if within(module, "rnnviz.figures"):
        roots = {name.split(".")[0] for name in wanted} - set(sys.stdlib_module_names)
        assert roots <= {"numpy", "plotly", "rnnviz"}
    if module not in STREAMLIT and not within_any(
        module, ("rnnviz.explorer", "rnnviz.explorer.server")
    ):
        assert not [name for name in wanted if within(name, "streamlit")]
    if any(within(module, name) for name in LIGHT[1:]):
        assert not [n for n in imports(MODULES[module], only_at_top=True) if within(n, "torch")]


def test_no_import_cycle() -> None:
    graph = {
        module: {n for n in imports(path, only_at_top=True) if n in MODULES and n != module}
        - {"rnnviz"}  # the package resolves its names lazily
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
