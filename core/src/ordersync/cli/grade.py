"""`quality`: a connector's card against what the suite, the package and the real transfer show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE, BAD_USE, PARKED
from ordersync.cli.output import plain_json
from ordersync.cli.session import Session, command
from ordersync.errors import BadInput, OrderSyncError

if TYPE_CHECKING:
    from ordersync.testing.quality.grading import Grade
    from ordersync.testing.quality.verdict import Verdict

__all__ = ["register"]

FALSE_CARD = PARKED
"""A card says what is not so, or too little."""
LONGEST_CELL = 500
"""Characters of what was found that the table shows."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(
        app,
        "quality",
        "ordersync quality woocommerce",
        "ordersync quality --json --out quality.json",
        "ordersync quality woocommerce --rule money_exact --rule documented",
        "ordersync quality woocommerce --live ordersync.toml --out live.json",
    )
    def quality(
        session: Session,
        plugin: Annotated[
            str,
            typer.Argument(metavar="PLUGIN", help="The connector's name; without it: every installed one."),
        ] = "",
        out: Annotated[
            Path | None,
            typer.Option("--out", metavar="FILE", help="Write the report, as JSON, to this file."),
        ] = None,
        thorough: Annotated[
            bool, typer.Option("--thorough", help="Try every single fault, not a sample; takes minutes.")
        ] = False,
        rule: Annotated[
            list[str] | None,
            typer.Option("--rule", metavar="NAME", help="Look at this rule only; may be repeated."),
        ] = None,
        card: Annotated[
            Path | None, typer.Option("--card", metavar="FILE", help="Judge this card instead of its own.")
        ] = None,
        tests: Annotated[
            Path | None,
            typer.Option(
                "--tests", metavar="FILE", help="Run this contract test instead of the suite that is shipped."
            ),
        ] = None,
        live: Annotated[
            Path | None,
            typer.Option(
                "--live", metavar="SETTINGS", help="Run the suite on the real account of this settings file."
            ),
        ] = None,
    ) -> int:
        """Hold a connector's quality card against the evidence, and say which level it reaches.

        The contract suite runs on its sandbox, the installed package is looked at, the real transfer runs under every
        quirk and with planted faults. Exit code 0 if every card is true, 1 if one says what is not so or leaves out a
        rule of the first level.
        """
        _need_authors()
        _check_use(plugin, rule or [], {"--card": card, "--tests": tests, "--live": live})
        if live:
            return _live(session, plugin, live, tests, out)
        from ordersync.testing.quality.grading import graded
        from ordersync.testing.quality.installed import connectors
        from ordersync.testing.quality.report import report

        def tell(text: str) -> None:
            if not session.json:
                session.output.note(text, "dim")

        grades, problems = [], []
        for name in [plugin] if plugin else connectors():
            try:
                grade = graded(name, card=card, rules=rule or (), tests=tests, thorough=thorough, tell=tell)
            except OrderSyncError as error:
                if plugin:
                    raise
                problems.append((name, str(error)))
                session.output.note(f"{name}: {error}", "red")
                continue
            grades.append(grade)
            _show(session, grade)
        if not grades and not problems:
            raise BadInput("No connector is installed.", remedy="Add one: pip install ordersync-woocommerce")
        _put(session, out, report(grades, problems, datetime.now(UTC)))
        if problems:
            return BAD_USE
        return ALL_DONE if all(grade.is_true for grade in grades) else FALSE_CARD


def _need_authors() -> None:
    try:
        import pytest  # noqa: F401, PLC0415, RUF100 - is it there?

        import ordersync.testing.quality.grading
        import ordersync.testing.quality.outcomes  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "ordersync":
            raise
        raise BadInput(
            f"`ordersync quality` needs the package {error.name!r}, which is not installed.",
            remedy="Install what authors need: pip install 'ordersync[authors]'",
        ) from None


def _check_use(plugin: str, rules: list[str], given: dict[str, Path | None]) -> None:
    from ordersync.testing.quality.rules import RULES

    unknown = [name for name in rules if name not in RULES]
    if unknown:
        raise BadInput(f"There is no rule {unknown[0]!r}.", remedy=f"The rules: {', '.join(RULES)}.")
    for option, path in given.items():
        if path is None:
            continue
        if not plugin:
            raise BadInput(
                f"{option} goes with one connector.", remedy=f"Name it: ordersync quality NAME {option} …"
            )
        if not path.is_file():
            raise BadInput(f"{option}: there is no file {path}.")


def _live(session: Session, plugin: str, settings: Path, tests: Path | None, out: Path | None) -> int:
    from ordersync.testing.quality.installed import look_up
    from ordersync.testing.quality.live import live_report
    from ordersync.testing.quality.suite import run_suite

    session.load(settings)
    outcomes = run_suite(plugin, live=settings, tests=tests)
    told = live_report(look_up(plugin), outcomes, datetime.now(UTC))
    counts = [
        (rule, *(found[key] for key in ("passed", "failed", "skipped")))
        for rule, found in told["rules"].items()
    ]
    session.output.table(["rule", ">passed", ">failed", ">skipped"], counts)
    for outcome in outcomes:
        if outcome.outcome == "failed":
            session.output.say(f"{outcome.test}: {outcome.message}")
    _put(session, out, told)
    good = any(one.outcome == "passed" for one in outcomes) and all(
        one.outcome != "failed" for one in outcomes
    )
    return ALL_DONE if good else FALSE_CARD


def _put(session: Session, out: Path | None, document: Any) -> None:
    """The report: to the file if there is one, and to standard output in JSON mode."""
    if out:
        try:
            out.write_text(session.blots.out(json.dumps(plain_json(document), indent=2)) + "\n", "utf-8")
        except OSError as error:
            raise BadInput(f"The report cannot be written to {out}: {error.strerror}.") from None
    if session.json:
        session.output.document(document)


def _show(session: Session, grade: Grade) -> None:
    output, one = session.output, grade.connector
    output.say(f"{one.name}  {one.distribution} {one.version}", "bold")
    rows = [
        (verdict.rule.name, verdict.rule.level.value, verdict.card or "-", _found(verdict), verdict.todo)
        for verdict in grade.verdicts
    ]
    output.table(["rule", "level", "card", "found", "what to do"], rows)
    output.say()
    for mark, why in (("broken", "and it is not so"), ("unproved", "and nothing shows it")):
        names = [verdict.rule.name for verdict in grade.refused if verdict.found.value == mark]
        if names:
            output.say(f"The card says done, {why}: {', '.join(names)}.", "red")
    if grade.unanswered:
        output.say(f"The card is incomplete, it leaves out {', '.join(grade.unanswered)}.", "red")
    if grade.complete:
        output.say(f"Level: {grade.level.value if grade.level else 'none'}", "bold")
    else:
        output.say(f"{len(grade.verdicts)} rules were looked at; a level takes all of them.")
    output.say()


def _found(verdict: Verdict) -> str:
    untried = [f"not tried: {text}" for text in verdict.untried]
    said = "\n".join([*verdict.says, *untried])
    shown = said if len(said) <= LONGEST_CELL else f"{said[:LONGEST_CELL].rstrip()} … (all of it: --json)"
    return f"{verdict.found.value}: {shown}" if said else verdict.found.value
