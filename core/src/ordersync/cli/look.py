"""Looking: check, status, orders, connectors, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE, BAD_USE, NO_ACCESS
from ordersync.cli.move import RouteArgument
from ordersync.cli.output import clean, plain_json, when
from ordersync.cli.pair import pair_code, pair_json, show_pair
from ordersync.cli.session import Session, command
from ordersync.cli.summary import report_json
from ordersync.errors import BadInput, NotOffered, OrderSyncError, PluginBroken

if TYPE_CHECKING:
    from ordersync.discovery import Plugin
    from ordersync.host import OrderRow, RouteStatus
    from ordersync.settings import Settings

__all__ = ["register", "settings_model_of"]

Told = tuple[str, str, str]
"""(place, level, message)."""


def settings_model_of(connector: str) -> Any:
    """The settings model of an installed connector. Raises BadSettings, PluginBroken."""
    from ordersync.discovery import connector_class

    model = getattr(connector_class(connector), "settings_model", None)
    if model is None:
        raise PluginBroken(
            f"The connector {connector!r} declares no settings_model.", remedy="Tell its author."
        )
    return model


def _wrong_connections(settings: Settings) -> dict[str, list[Told]]:
    """What is wrong with the settings of connections, place by place, before anything is asked of a platform."""
    from ordersync.settings import check_connection

    found: dict[str, list[Told]] = {}
    for name, connection in settings.connections.items():
        try:
            check_connection(settings, name, settings_model_of(connection.connector))
        except OrderSyncError as error:
            problems = error.problems if isinstance(error, BadInput) else ()
            found[name] = [(p.place, "problem", p.problem) for p in problems] or [
                (f"connections.{name}", "problem", str(error))
            ]
    return found


def _findings(session: Session, settings: Settings) -> list[Told]:
    wrong = _wrong_connections(settings)
    found: list[Told] = [
        (str(settings.path), "ok", f"can be read; routes: {', '.join(settings.routes) or 'none'}")
    ]
    found += [told for problems in wrong.values() for told in problems]
    told_already = {f"connections.{name}" for name in wrong} | {
        f"routes.{name}"
        for name, route in settings.routes.items()
        if {route.source, route.target} & set(wrong)
    }
    with session.host(settings) as host:
        found += [(f.place, f.level, f.message) for f in host.check() if f.place not in told_already]
    return found


def _check_pair(session: Session, route: str, orders: int) -> int:
    settings = session.load()
    settings.route(route)
    with session.host(settings) as host:
        report = host.check_pair(route, orders=orders)
    if session.json:
        session.output.document(pair_json(report))
    else:
        show_pair(session.output, report, session.typed(f"plan {route}"))
    return pair_code(report)


def _status_json(status: RouteStatus) -> dict[str, Any]:
    return {
        "route": status.route,
        "source": status.source,
        "target": status.target,
        "watermark": plain_json(status.watermark),
        "counts": dict(status.counts),
        "last_run": report_json(status.last_run) if status.last_run else None,
        "last_run_at": plain_json(status.last_run_at),
        "halted": status.halted,
    }


def _row_json(row: OrderRow) -> dict[str, Any]:
    return {
        "source_id": row.source_id,
        "number": row.number,
        "key": row.key,
        "state": row.state,
        "target_id": row.target_id,
        "target_number": row.target_number,
        "attempts": row.attempts,
        "updated": plain_json(row.updated),
        "problem": plain_json(row.problem),
    }


def _plugin_json(plugin: Plugin) -> dict[str, Any]:
    from ordersync.hookspecs import HOOK_API

    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "hook_api": plugin.hook_api,
        "core_hook_api": HOOK_API,
        "fits": plugin.fits,
        "hooks": list(plugin.hooks),
        "deprecated": list(plugin.deprecated),
        "problem": plugin.problem or None,
        "remedy": plugin.remedy or None,
        "warnings": list(plugin.warnings),
        "summary": plugin.summary,
    }


def _one_connector(session: Session, plugin: Plugin) -> int:
    from ordersync.discovery import connector_class, sandbox_class
    from ordersync.hookspecs import ConnectorSpecs
    from ordersync.settings.schema import connector_schema

    output = session.output
    if plugin.problem:
        raise PluginBroken(
            f"The connector {plugin.name!r} cannot be used: {plugin.problem}.", remedy=plugin.remedy
        )
    facts = getattr(connector_class(plugin.name), "facts", None)
    schema = connector_schema(settings_model_of(plugin.name))
    try:
        kind = sandbox_class(plugin.name)
        sandbox = dict(kind.option_names) if kind.platform else None
        no_sandbox = "It brings no sandbox."
    except NotOffered as error:
        sandbox, no_sandbox = None, str(error)
    if session.json:
        output.document(
            {
                **_plugin_json(plugin),
                "facts": plain_json(facts),
                "settings": schema,
                "sandbox": {"options": sandbox} if sandbox is not None else None,
            }
        )
        return ALL_DONE
    output.say(
        f"{plugin.name} {plugin.version}  ({plugin.distribution}, for ordersync {plugin.hook_api or 'any'})",
        "bold",
    )
    output.say(plugin.summary)
    output.say()
    first_lines = {
        name: (spec.__doc__ or "").strip().partition("\n")[0]
        for name, spec in vars(ConnectorSpecs).items()
        if not name.startswith("_")
    }
    output.table(("does", ""), [(hook, first_lines.get(hook, "")) for hook in plugin.hooks])
    output.say(f"does not: {', '.join(hook for hook in first_lines if hook not in plugin.hooks) or '-'}")
    output.say()
    required = schema.get("required", ())
    output.table(
        ("setting", "", ""),
        [
            (key, "required" if key in required else "", " ".join(field.get("description", "").split()))
            for key, field in schema.get("properties", {}).items()
        ],
    )
    output.say()
    if sandbox is None:
        output.say(no_sandbox)
    else:
        output.say(f"Sandbox: `ordersync sandbox {plugin.name}`")
        output.table(("option", ""), sandbox.items())
    return ALL_DONE


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(app, "check", "ordersync check", "ordersync check --json", "ordersync check orders --orders 200")
    def check(
        session: Session,
        route: Annotated[
            str | None,
            typer.Argument(
                metavar="ROUTE",
                help="Instead: what this route's target cannot hold of its source's orders.",
            ),
        ] = None,
        orders: Annotated[
            int | None,
            typer.Option(
                "--orders",
                metavar="N",
                min=1,
                help="With ROUTE: count on the newest N orders.  [default: 50]",
                show_default=False,
            ),
        ] = None,
    ) -> int:
        """Say what is right and wrong with settings and credentials. Writes nothing.

        Exit code 2 if something is wrong, 3 if access is denied or a platform cannot be reached. With ROUTE: 1 if orders
        would park.
        """
        if route is not None:
            return _check_pair(session, route, orders or 50)
        if orders is not None:
            raise BadInput("--orders needs a route to count on.", remedy="Write `ordersync check ROUTE`.")
        found = _findings(session, session.load())
        levels = [level for _, level, _ in found]
        code = BAD_USE if "problem" in levels else ALL_DONE
        code = NO_ACCESS if "denied" in levels else code
        if session.json:
            findings = [{"place": p, "level": level, "message": m} for p, level, m in found]
            session.output.document({"ok": code == ALL_DONE, "findings": findings, "exit_code": code})
            return code
        session.output.table(("", "where", "what"), [(level, place, said) for place, level, said in found])
        session.output.say()
        if code == ALL_DONE:
            session.output.say(f"All is well. What next: {session.typed('plan ROUTE')}", "bold")
        else:
            wrong = sum(level in ("problem", "denied") for level in levels)
            session.output.say(f"{wrong} thing{'s' if wrong > 1 else ''} to mend.", "bold")
        return code

    @command(app, "status", "ordersync status", "ordersync status --json")
    def status(session: Session) -> int:
        """Show how each route stands. Orders by state, the last run, and up to when everything has been seen."""
        with session.host() as host:
            routes = host.status()
        if session.json:
            session.output.document([_status_json(status) for status in routes])
            return ALL_DONE
        session.output.table(
            ("route", "from", "to", "orders", "seen up to", "last run", "it came to"),
            [
                (
                    status.route,
                    status.source,
                    status.target,
                    ", ".join(f"{state} {count}" for state, count in status.counts.items()) or "none yet",
                    when(status.watermark),
                    when(status.last_run_at),
                    f"created {status.last_run.created}, parked {status.last_run.parked}, failed {status.last_run.failed}"
                    if status.last_run
                    else "",
                )
                for status in routes
            ],
        )
        for status in routes:
            if status.halted:
                session.output.say(f"{status.route} stands still: {status.halted}", "bold red")
                session.output.say(
                    f"What next: mend the cause, then {session.typed(f'resume {status.route}')}"
                )
            if status.counts.get("parked"):
                session.output.say(f"What next: {session.typed(f'parked {status.route}')}")
        return ALL_DONE

    @command(app, "orders", "ordersync orders orders", "ordersync orders orders --parked --json")
    def orders(
        session: Session,
        route: RouteArgument,
        parked: Annotated[bool, typer.Option("--parked", help="Only those that need a person.")] = False,
        state: Annotated[
            str | None,
            typer.Option(
                "--state", metavar="STATE", help="Only those in this state, e.g. done.", show_default=False
            ),
        ] = None,
    ) -> int:
        """List a route's orders as the ledger knows them. Parked ones with reason and remedy."""
        if parked and state not in (None, "parked"):
            raise BadInput("--parked and --state exclude each other.", remedy="Leave one of them out.")
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            rows = list(host.orders(route, state="parked" if parked else state))
        if session.json:
            session.output.document([_row_json(row) for row in rows])
            return ALL_DONE
        session.output.table(
            ("order", "id", "state", "there", ">tries", "changed", "why", "what to do"),
            [
                (
                    row.number or "",
                    row.source_id,
                    row.state,
                    row.target_number or row.target_id or "",
                    row.attempts,
                    when(row.updated),
                    f"{row.problem.message} ({row.problem.code})" if row.problem else "",
                    row.problem.remedy if row.problem else "",
                )
                for row in rows
            ],
        )
        session.output.say(f"{len(rows)} order{'' if len(rows) == 1 else 's'}.")
        if any(row.state == "parked" for row in rows):
            again = session.typed(f"retry {route} [ORDER...]")
            session.output.say(f"What next: mend the cause, then {again}")
        return ALL_DONE

    @command(app, "connectors", "ordersync connectors", "ordersync connectors shopify")
    def connectors(
        session: Session,
        name: Annotated[
            str | None,
            typer.Argument(metavar="[NAME]", help="One connector: what it does, its settings, its sandbox."),
        ] = None,
        extensions: Annotated[
            bool, typer.Option("--extensions", help="List the installed extensions instead.")
        ] = False,
        fresh: Annotated[
            bool,
            typer.Option(
                "--fresh", help="Import each one again, even if nothing changed since the last time."
            ),
        ] = False,
    ) -> int:
        """List the installed connectors. What each can do, and why one cannot be used.

        One that was well is imported again only if a file that it rests on has changed; one that was not, each time.
        """
        from ordersync.discovery import CONNECTORS, EXTENSIONS, connector_class, installed
        from ordersync.inventory import listed

        group = EXTENSIONS if extensions else CONNECTORS
        if name is not None:
            found = installed(group, name=name)
            if not found:
                connector_class(name)
            return _one_connector(session, found[0])
        plugins = listed(group, fresh=fresh)
        if session.json:
            session.output.document([_plugin_json(plugin) for plugin in plugins])
            return ALL_DONE
        session.output.table(
            ("name", "version", "package", "for ordersync", ">hooks", "problem"),
            [
                (
                    p.name,
                    p.version,
                    p.distribution,
                    p.hook_api or "?",
                    len(p.hooks),
                    clean(" ".join(filter(None, (p.problem, p.remedy if p.problem else "")))),
                )
                for p in plugins
            ],
        )
        for plugin in plugins:
            for warning in (*plugin.warnings, *(f"it uses {use}" for use in plugin.deprecated)):
                session.output.note(f"{plugin.name}: {clean(warning)}.")
        if not extensions:
            session.output.say("What next: `ordersync connectors NAME` tells what one can do and needs.")
        return ALL_DONE

    @command(
        app,
        "schema",
        "ordersync schema order",
        "ordersync schema settings > ordersync.schema.json",
        "ordersync schema shopify",
    )
    def schema(
        session: Session,
        what: Annotated[
            str,
            typer.Argument(
                metavar="order|settings|CONNECTOR", help="Which schema; a connector's name for its settings."
            ),
        ],
    ) -> int:
        """Print the JSON Schema of orders, of the settings file, or of a connector's settings."""
        if what == "order":
            from ordersync.shapes import order_schema

            session.output.document(order_schema())
            return ALL_DONE
        from ordersync.settings.schema import connector_schema, settings_schema

        if what == "settings":
            from ordersync.discovery import installed

            usable = {}
            for plugin in installed():
                try:
                    usable[plugin.name] = settings_model_of(plugin.name)
                except OrderSyncError as error:
                    session.output.note(f"left out: {error}")
            session.output.document(settings_schema(usable))
            return ALL_DONE
        session.output.document(connector_schema(settings_model_of(what)))
        return ALL_DONE
