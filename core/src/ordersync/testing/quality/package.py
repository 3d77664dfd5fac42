"""What an installed package shows without being run: its README, its types, its requirements, what its sandbox imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ordersync.discovery import sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.quality.card import CARD
from ordersync.testing.quality.findings import Finding, of_problems
from ordersync.testing.quality.installed import CORE, Installed

__all__ = ["CHECKS", "core_declared", "documented", "sandbox_independent", "typed"]

_HOOKS = tuple(name for name in vars(ConnectorSpecs) if not name.startswith("_"))
_FORBIDDEN = ("wire", "mapping")
_LIMITS = re.compile(r"\b(cannot|can't|does not|limits?|left out|leaves out)\b", re.IGNORECASE)
_SOURCES = re.compile(r"\b(sources?|facts?|oddities|how sure)\b", re.IGNORECASE)
_MOST = 8
"""How many problems of one kind are told."""


def sandbox_independent(one: Installed) -> Finding:
    """Its sandbox can be imported, and reaches neither the connector's `wire` nor its `mapping`."""
    try:
        sandbox_class(one.name)
    except OrderSyncError as error:
        return of_problems([str(error)])
    modules = {name: _tree(file) for name, file in _modules(one)}
    inside = [name for name in modules if f"{name}.".startswith(f"{one.package}.sandbox.")]
    came_from: dict[str, str] = dict.fromkeys(inside, "")
    todo = list(inside)
    problems = []
    while todo:
        module = todo.pop()
        for target in sorted(_imported(module, modules[module], modules, _is_package(one, module))):
            if target in came_from:
                continue
            came_from[target] = module
            todo.append(target)
            if target.removeprefix(f"{one.package}.").partition(".")[0] in _FORBIDDEN:
                problems.append(f"the sandbox imports {target}: {_way(target, came_from)}")
    return of_problems(problems[:_MOST], f"{len(inside)} modules of the sandbox")


def documented(one: Installed) -> Finding:
    """Its README names every setting and every hook that is left out, and has a section on limits and one on sources."""
    if not one.readme.strip():
        return of_problems(['there is no README in the metadata; set readme = "README.md" in pyproject.toml'])
    prose = re.sub(r"^(```|~~~).*?^\1", "", one.readme, flags=re.MULTILINE | re.DOTALL)
    spans = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", prose))))
    fields = one.kind.settings_model.model_fields
    settings = [field.alias or name for name, field in fields.items()]
    problems = [f"it does not name the setting `{name}`" for name in settings if name not in spans]
    absent = [name for name in _HOOKS if name not in one.hooks]
    problems += [f"it does not say that `{name}` is left out" for name in absent if name not in spans]
    sections = _sections(prose)
    if not any(_LIMITS.search(title) and text for title, text in sections.items()):
        problems.append('it has no section on what it does not do; call it "What it cannot do"')
    if not any(_SOURCES.search(title) and text for title, text in sections.items()):
        problems.append(
            'it has no section on where its facts come from; call it "Facts, and how sure they are"'
        )
    return of_problems(problems[:_MOST], f"{len(settings)} settings, {len(absent)} hooks left out")


def typed(one: Installed) -> Finding:
    """Every function of the package is annotated; the package carries `py.typed` and its card."""
    problems = []
    if not (one.folder / "py.typed").is_file():
        problems.append(f"{one.package}/py.typed is missing: make an empty file of that name")
    if one.card is None:
        problems.append(f"{one.package}/{CARD} is missing: {_FORCE.format(CARD, one.package)}")
    functions = 0
    for name, file in _modules(one):
        for function in ast.walk(_tree(file)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                functions += 1
                bare = _bare(function)
                if bare:
                    problems.append(f"{name}:{function.lineno} {function.name}: no annotation of {bare}")
    return of_problems(problems[:_MOST], f"{functions} functions")


_FORCE = 'put it beside README.md, and in pyproject.toml [tool.hatch.build.targets.wheel.force-include] "{0}" = "{1}/{0}"'


def core_declared(one: Installed) -> Finding:
    """Its requirements name a lowest version of the core, and one that is too new."""
    ask = 'require it as "ordersync>=X.Y,<Z", X.Y what you tested with, Z the next major version'
    for text in one.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != CORE or requirement.marker is not None:
            continue
        signs = {specifier.operator for specifier in requirement.specifier}
        problems = []
        if not signs & {">=", ">", "~=", "==", "==="}:
            problems.append(f"{text!r} says no lowest version of the core; {ask}")
        if not signs & {"<", "<=", "~=", "==", "==="}:
            problems.append(f"{text!r} says no version of the core that is too new; {ask}")
        return of_problems(problems, text)
    return of_problems([f"its metadata does not require the core; {ask}"])


CHECKS: Mapping[str, Callable[[Installed], Finding]] = {
    check.__name__: check for check in (sandbox_independent, documented, typed, core_declared)
}
"""Rule → the look that proves it."""


def _modules(one: Installed) -> Iterator[tuple[str, Path]]:
    for file in sorted(one.folder.rglob("*.py")):
        parts = file.relative_to(one.folder).with_suffix("").parts
        yield ".".join((one.package, *(part for part in parts if part != "__init__"))), file


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def _is_package(one: Installed, module: str) -> bool:
    parts = module.split(".")[1:]
    return one.folder.joinpath(*parts, "__init__.py").is_file()


def _imported(module: str, tree: ast.Module, known: Mapping[str, ast.Module], package: bool) -> set[str]:
    """The modules of the same package that a module imports by name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parts = module.split(".")
                above = parts[: len(parts) - node.level + package]
                origin = ".".join([*above, *([node.module] if node.module else [])])
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return found & known.keys()


def _way(module: str, came_from: Mapping[str, str]) -> str:
    steps = [module]
    while came_from[steps[-1]]:
        steps.append(came_from[steps[-1]])
    return " → ".join(reversed(steps))


def _sections(prose: str) -> dict[str, str]:
    parts = re.split(r"^#+ +(.+?) *$", prose, flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def _bare(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """What of a function has no annotation; empty if nothing."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    arguments += [one for one in (given.vararg, given.kwarg) if one]
    bare = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
    return ", ".join([*bare, *(["its answer"] if function.returns is None else [])])
