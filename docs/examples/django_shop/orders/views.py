"""How routes stand, and what waits for a person. Both read the ledger alone, so they answer at once."""

from dataclasses import asdict

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse

from ordersync import Host, load_settings


def routes(request: HttpRequest) -> JsonResponse:
    with Host.open(load_settings(settings.ORDERSYNC_SETTINGS)) as host:
        return JsonResponse({"routes": [asdict(one) for one in host.status()]})


def parked(request: HttpRequest, route: str) -> JsonResponse:
    with Host.open(load_settings(settings.ORDERSYNC_SETTINGS)) as host:
        if route not in host.settings.routes:
            raise Http404(f"there is no route {route!r}")
        causes = [
            {"why": cause.problem.message, "remedy": cause.problem.remedy, "orders": cause.orders}
            for cause in host.parked(route)
        ]
        return JsonResponse({"causes": causes})
