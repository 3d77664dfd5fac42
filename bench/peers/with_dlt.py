# The frameworks are installed in the peers' environment alone.
# mypy: ignore-errors
"""dlt: pages of the source by its REST client, a custom destination that loads batches. Runs in the peers' environment.

It keeps its load packages on disk; a load that broke off is done again from the beginning of its file, orders included.
"""

from __future__ import annotations

import os

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import httpx
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from bench.peers.arguments import task
from bench.peers.loading import MOST, Loader
from bench.stopwatch import measured


def main() -> None:
    given = task(__doc__)
    with measured(), httpx.Client() as client:
        loader = Loader(client, given.target, batches=given.batches, read_back=False)

        @dlt.resource(name="orders", write_disposition="append")
        def orders():
            source = RESTClient(
                base_url=given.source,
                paginator=JSONResponseCursorPaginator(cursor_path="next", cursor_param="cursor"),
                data_selector="orders",
            )
            yield from source.paginate("/orders", params={"limit": MOST})

        @dlt.destination(batch_size=MOST, loader_parallelism_strategy="sequential")
        def target(items, table):  # noqa: ARG001 - dlt calls it so
            loader.load(items)

        pipeline = dlt.pipeline("bench", destination=target, pipelines_dir=str(given.folder))
        pipeline.run(orders()).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
