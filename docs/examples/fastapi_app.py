"""A FastAPI application that shows how routes stand, syncs one, and takes the source's webhooks.

uvicorn --factory fastapi_app:create_app
"""

from dataclasses import asdict
from datetime import UTC, datetime

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from ordersync import (
    AccessDenied,
    BadInput,
    Delivery,
    Halted,
    Host,
    NotOffered,
    Receipt,
    TryLater,
    load_settings,
)


def create_app(path: str = "ordersync.toml") -> FastAPI:
    settings = load_settings(path)
    app = FastAPI()

    # start: endpoints
    @app.get("/routes")
    def routes() -> list[dict[str, object]]:
        """A plain `def`: FastAPI runs it in a thread, where the host may wait for databases and platforms."""
        with Host.open(settings) as host:
            return [asdict(one) for one in host.status()]

    @app.get("/routes/{route}/parked")
    def parked(route: str) -> list[dict[str, object]]:
        with Host.open(settings) as host:
            known(host, route)
            return [
                {"number": one.number, "problem": one.problem.message, "remedy": one.problem.remedy}
                for one in host.orders(route, state="parked")
                if one.problem
            ]

    @app.post("/routes/{route}/sync")
    def sync(route: str, limit: int = 25) -> dict[str, object]:
        with Host.open(settings) as host:
            known(host, route)
            try:
                report = host.sync(route, everything=host.is_new(route), limit=limit)
            except Halted as error:
                raise HTTPException(409, str(error)) from None
            except (AccessDenied, TryLater) as error:
                raise HTTPException(503, str(error)) from None
            return {"created": report.created, "parked": report.parked, "failed": report.failed}

    # end: endpoints

    # start: webhooks
    @app.post("/webhooks/{route}")
    async def webhook(route: str, request: Request, tasks: BackgroundTasks) -> Response:
        """An `async def`, because the body must be read raw; what can wait is given to a thread."""
        delivery = Delivery(
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.body(),
            received_at=datetime.now(UTC),
        )
        receipt = await run_in_threadpool(received, route, delivery)
        for event in receipt.events:
            tasks.add_task(carry, route, event.order_id)
        return Response(receipt.reply_body, receipt.reply_status)

    def received(route: str, delivery: Delivery) -> Receipt:
        with Host.open(settings) as host:
            known(host, route)
            try:
                return host.connection(settings.route(route).source).receive(delivery)
            except AccessDenied:
                raise HTTPException(401, "the signature does not verify") from None
            except (BadInput, NotOffered) as error:
                raise HTTPException(400, error.message) from None

    def carry(route: str, order_id: str) -> None:
        """After the answer. The order is read again: what a webhook says is a hint, not the order."""
        with Host.open(settings) as host:
            host.sync(route, order=order_id)

    # end: webhooks

    def known(host: Host, route: str) -> None:
        if route not in host.settings.routes:
            raise HTTPException(404, f"there is no route {route!r}")

    return app
