"""`prove`: faults planted at every request and every commit, and what the transfer makes of them."""

from __future__ import annotations

import os
import platform
from typing import Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.session import Session, command
from ordersync.errors import BadInput

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this room."""

    @command(
        app,
        "prove",
        "ordersync prove shopify erp-odoo",
        "ordersync prove shopify erp-odoo --depth 2",
        "ordersync prove shopify erp-odoo --schedule 14:lost_after",
    )
    def prove(
        session: Session,
        source: Annotated[str, typer.Argument(metavar="SOURCE", help="The connector that orders come from.")],
        target: Annotated[str, typer.Argument(metavar="TARGET", help="The connector that they go to.")],
        depth: Annotated[
            int, typer.Option("--depth", metavar="K", min=1, max=5, help="How many faults strike one life.")
        ] = 1,
        orders: Annotated[
            int, typer.Option("--orders", metavar="N", min=1, help="How many orders the source is born with.")
        ] = 2,
        seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the orders, and of samples.")] = 0,
        sample: Annotated[
            int, typer.Option("--sample", metavar="N", min=1, help="Schedules per depth beyond 2.")
        ] = 2000,
        batches: Annotated[
            str,
            typer.Option(
                "--batches", metavar="both|on|off", help="Whether the target's batch hooks are used."
            ),
        ] = "both",
        schedule: Annotated[
            str,
            typer.Option(
                "--schedule",
                metavar="SITE:FAULT[,SITE:FAULT]",
                help="Replay this one, as a violation shows it.",
            ),
        ] = "",
    ) -> int:
        """Prove that nothing doubles, is lost or comes out short, whatever goes wrong.

        The real transfer runs between two sandboxes in process, once per schedule of faults: lost answers, late
        commits, dead workers, a second worker meanwhile. Time is virtual. Exit code 0 if every promise held, 1 if not.
        """
        from ordersync.testing.prove import Proof, Strike, Way
        from ordersync.testing.prove import prove as run

        try:
            only = tuple(Strike.read(one.strip()) for one in schedule.split(",")) if schedule else None
        except ValueError:
            raise BadInput(
                f"{schedule!r} is no schedule.", remedy="Write SITE:FAULT, as in 14:lost_after,20:dies_after."
            ) from None

        if batches not in ("both", "on", "off"):
            raise BadInput(f"--batches {batches!r} is none of both, on, off.")
        ways = None if batches == "both" else [Way(batches=batches == "on")]

        def tell(schedules: int, violations: int) -> None:
            session.output.note(f"{schedules} schedules, {violations} violations …")

        proof: Proof = run(
            source,
            target,
            depth=depth,
            orders=orders,
            seed=seed,
            sample=sample,
            only=only,
            ways=ways,
            progress=_every(200, tell),
        )
        shortest = sorted(
            proof.violations, key=lambda one: (len(one.schedule), [s.site for s in one.schedule])
        )
        if session.json:
            from importlib import metadata

            session.output.document(
                {
                    "source": source,
                    "target": target,
                    "orders": orders,
                    "depth": depth,
                    "seed": seed,
                    "batches": batches,
                    "sites": proof.sites,
                    "schedules": proof.schedules,
                    "violations": [_as_json(one) for one in shortest],
                    "seconds": round(proof.seconds, 1),
                    "version": metadata.version("ordersync"),
                    "python": platform.python_version(),
                    "cores": os.cpu_count(),
                }
            )
        else:
            each = proof.seconds / max(proof.schedules, 1) * 1000
            session.output.say(
                f"{source} → {target}: {orders} orders, {proof.sites} fault sites, depth {depth}, seed {seed}"
            )
            session.output.say(
                f"{proof.schedules} schedules in {proof.seconds:.1f} s ({each:.0f} ms each), "
                f"{len(proof.violations)} violations",
                "bold",
            )
            for one in shortest[:10]:
                session.output.say(f"  {one}")
            if shortest and shortest[0].schedule:
                replay = ",".join(map(str, shortest[0].schedule))
                session.output.say(
                    f"Replay the shortest: `ordersync prove {source} {target} --orders {orders} --seed {seed}"
                    f" --schedule {replay}`"
                )
        return PARKED if proof.violations else ALL_DONE


def _every(step: int, tell: Any) -> Any:
    last = 0

    def progress(schedules: int, violations: int) -> None:
        nonlocal last
        if schedules - last >= step:
            last = schedules
            tell(schedules, violations)

    return progress


def _as_json(violation: Any) -> dict[str, Any]:
    return {
        "schedule": [str(strike) for strike in violation.schedule],
        "sites": list(violation.sites),
        "wrong": list(violation.wrong),
        "batches": violation.way.batches,
        "warm": violation.way.warm,
    }
