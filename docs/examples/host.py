"""A host application carries over orders from Python."""

from ordersync import Host, load_settings

settings = load_settings("ordersync.toml")

with Host.open(settings) as host:
    report = host.sync("orders", everything=True, limit=25)
    print(f"{report.created} created, {report.parked} parked, {report.failed} failed")
    for order in host.orders("orders", state="parked"):
        print(order.number, order.problem.message if order.problem else "")
