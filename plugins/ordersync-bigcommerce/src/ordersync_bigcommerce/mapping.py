"""Between BigCommerce's words and ours. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    Address,
    Charge,
    ChargeKind,
    Company,
    Customer,
    Fulfillment,
    Item,
    Line,
    MoneySet,
    Order,
    Payment,
    PaymentKind,
    PaymentStatus,
    Refund,
    Stated,
    Stock,
    Tracking,
    e164,
    rounded,
)
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.amounts import Money, money_of, parts_of
from ordersync_bigcommerce.regions import code_of
from ordersync_bigcommerce.statuses import fulfillment_status, order_status, payment_status

__all__ = ["Whole", "address_of", "customer_of", "item_of", "order_of", "our_key", "stock_of"]

_KEY = re.compile(r"os-[a-z2-7]{26}")


@dataclass(frozen=True)
class Whole:
    """An order with everything that belongs to it."""

    order: wire.Order
    lines: tuple[wire.OrderProduct, ...]
    addresses: tuple[wire.ShippingAddress, ...] = ()
    fees: tuple[wire.Fee, ...] = ()
    taxes: tuple[wire.OrderTax, ...] = ()
    coupons: tuple[wire.OrderCoupon, ...] = ()
    shipments: tuple[wire.Shipment, ...] = ()
    refunds: tuple[wire.Refund, ...] = ()
    customer: wire.Customer | None = None


def our_key(external_order_id: str) -> str | None:
    """The key, if this is one of ours."""
    return external_order_id if _KEY.fullmatch(external_order_id) else None


def order_of(whole: Whole) -> Order:
    """The order in our words. Raises ValueError if it has no currency or no date, or does not fit the model."""
    order = whole.order
    if order.date_created is None or order.date_modified is None:
        raise ValueError("the order has no date")
    lines = tuple(line for line in whole.lines if line.quantity > 0)
    money = money_of(order, parts_of(order, lines, whole.fees, whole.taxes))
    billing = address_of(order.billing_address)
    shipping = address_of(whole.addresses[0]) if whole.addresses else None
    customer = _buyer(whole, billing)
    key = our_key(order.external_order_id)
    status = payment_status(order.payment_status, order.status_id)
    return Order(
        id=str(order.id),
        number=str(order.id),
        key=key,
        status=order_status(order.status_id),
        payment_status=status,
        fulfillment_status=fulfillment_status(order.status_id, order.items_shipped, order.items_total),
        platform_statuses={
            name: word
            for name, word in (
                ("order", order.status),
                ("custom", order.custom_status if order.custom_status != order.status else ""),
                ("payment", order.payment_status),
            )
            if word
        },
        currency=order.default_currency_code,
        money_set=_money_set(order),
        taxes_included=order.is_tax_inclusive_pricing,
        total=money.total,
        stated=_stated(order),
        customer=customer,
        company=Company(name=order.billing_address.company) if order.billing_address.company else None,
        email=order.billing_address.email or (customer.email if customer else None),
        phone=billing.phone if billing else None,
        billing=billing,
        shipping=shipping,
        lines=tuple(
            _line(line, amounts) for line, amounts in zip(lines, money.amounts[: len(lines)], strict=True)
        ),
        charges=tuple(_charges(whole, money, len(lines))),
        payments=tuple(_payments(order, money.total, status)),
        refunds=tuple(
            Refund(
                id=str(one.id),
                amount=rounded(one.total_amount, order.default_currency_code),
                created_at=one.created,
                note=one.reason or None,
            )
            for one in whole.refunds
        ),
        fulfillments=tuple(_fulfillment(one) for one in whole.shipments),
        discount_codes=_codes(whole),
        note=order.customer_message or None,
        metadata=_metadata(order, key),
        sales_channel=order.order_source or None,
        placed_at=order.date_created,
        created_at=order.date_created,
        updated_at=order.date_modified,
        extra=_extra(whole),
    )


def address_of(address: wire.Address) -> Address | None:
    """A postal address; None if nothing is written in it."""
    country = address.country_iso2.upper()
    known = country if re.fullmatch(r"[A-Z]{2}", country) else None
    code = code_of(known, address.state) if known and address.state else None
    made = Address(
        first_name=address.first_name or None,
        last_name=address.last_name or None,
        company=address.company or None,
        line1=address.street_1 or None,
        line2=address.street_2 or None,
        city=address.city or None,
        postcode=address.zip or None,
        country=known,
        subdivision=code,
        region=None if code else address.state or None,
        phone=(e164(address.phone, known) or address.phone) if address.phone else None,
        email=address.email or None,
    )
    return made if made != Address() else None


def customer_of(customer: wire.Customer, address: Address | None = None) -> Customer:
    """A customer account."""
    country = address.country if address else None
    return Customer(
        id=str(customer.id),
        email=customer.email or None,
        phone=(e164(customer.phone, country) or customer.phone) if customer.phone else None,
        first_name=customer.first_name or None,
        last_name=customer.last_name or None,
        company=Company(name=customer.company) if customer.company else None,
        address=address,
        note=customer.notes or None,
    )


def item_of(variant: wire.Variant, product: wire.Product | None, currency: str | None) -> Item:
    """The variant as an order line needs it. It is sold unless it, or its product, is switched off."""
    sold = not variant.purchasing_disabled and (product is None or product.availability != "disabled")
    return Item(
        sku=variant.sku,
        product_id=str(variant.product_id),
        variant_id=str(variant.id),
        title=product.name if product and product.name else None,
        unit_price=variant.calculated_price,
        currency=currency or None,
        sellable=sold,
        tracks_stock=product is None or product.inventory_tracking != "none",
        requires_shipping=product is None or product.type != "digital",
    )


def stock_of(item: wire.InventoryItem, only: int | None) -> Stock:
    """What can be sold, at every location that is switched on, or at `only` one."""
    places = {
        str(place.location_id): place.available_to_sell
        for place in item.locations
        if place.location_enabled and (only is None or place.location_id == only)
    }
    return Stock(available=sum(places.values(), ZERO), by_location=places)


def _buyer(whole: Whole, billing: Address | None) -> Customer | None:
    if whole.customer:
        return customer_of(whole.customer, billing)
    if billing is None:
        return None
    return Customer(
        id=str(whole.order.customer_id) if whole.order.customer_id else None,
        email=billing.email,
        phone=billing.phone,
        first_name=billing.first_name,
        last_name=billing.last_name,
        company=Company(name=billing.company) if billing.company else None,
        address=billing,
    )


def _money_set(order: wire.Order) -> MoneySet:
    """Amounts are in the currency that was paid in; the store's own, where it differs, is stated as a rate only."""
    own = order.store_default_currency_code
    return MoneySet.PRESENTMENT if own and own != order.default_currency_code else MoneySet.SHOP


def _stated(order: wire.Order) -> Stated:
    currency, included = order.default_currency_code, order.is_tax_inclusive_pricing
    return Stated(
        subtotal=rounded(order.subtotal_inc_tax if included else order.subtotal_ex_tax, currency),
        discount=rounded(order.discount_amount + order.coupon_discount, currency),
        shipping=rounded(order.shipping_cost_inc_tax if included else order.shipping_cost_ex_tax, currency),
        tax=rounded(order.total_tax, currency),
    )


def _line(line: wire.OrderProduct, amounts: Any) -> Line:
    options = line.product_options
    return Line(
        id=str(line.id),
        title=line.name or line.sku or f"Product {line.product_id}",
        quantity=Decimal(line.quantity),
        sku=line.sku or None,
        variant_title=", ".join(one.display_value for one in options if one.display_value) or None,
        product_id=str(line.product_id) if line.product_id else None,
        variant_id=str(line.variant_id) if line.variant_id else None,
        barcode=line.upc or None,
        requires_shipping=line.type == "physical",
        custom=not line.product_id and line.type != "giftcertificate",
        bundle_of=str(line.parent_order_product_id) if line.parent_order_product_id else None,
        amounts=amounts,
        properties={one.display_name: one.display_value for one in options if one.display_name},
        extra={"order_address_id": line.order_address_id} if line.order_address_id else {},
    )


def _charges(whole: Whole, money: Money, lines: int) -> list[Charge]:
    """As `parts_of` lists them behind the lines."""
    order = whole.order
    methods = list(dict.fromkeys(one.shipping_method for one in whole.addresses if one.shipping_method))
    titles = []
    if order.shipping_cost_ex_tax or order.shipping_cost_inc_tax:
        titles.append((ChargeKind.SHIPPING, ", ".join(methods) or "Shipping", "shipping"))
    if order.handling_cost_ex_tax or order.handling_cost_inc_tax:
        titles.append((ChargeKind.FEE, "Handling", "handling"))
    if order.wrapping_cost_ex_tax or order.wrapping_cost_inc_tax:
        titles.append((ChargeKind.FEE, "Gift wrapping", "wrapping"))
    titles += [
        (ChargeKind.FEE, fee.display_name_customer or fee.display_name_merchant or "Fee", f"fee-{fee.id}")
        for fee in whole.fees
    ]
    return [
        Charge(kind=kind, title=title, id=name, amounts=amounts)
        for (kind, title, name), amounts in zip(titles, money.amounts[lines:], strict=True)
    ]


def _payments(order: wire.Order, total: Decimal, status: PaymentStatus) -> list[Payment]:
    """Gift certificates, store credit, and the rest by the order's payment method."""
    currency = order.default_currency_code
    gift = rounded(order.gift_certificate_amount, currency)
    credit = rounded(order.store_credit_amount, currency)
    made = []
    if gift:
        made.append(Payment(kind=PaymentKind.GIFT_CARD, amount=gift, gateway="giftcertificate"))
    if credit:
        made.append(Payment(kind=PaymentKind.STORE_CREDIT, amount=credit, gateway="storecredit"))
    rest = total - gift - credit
    promised = (PaymentStatus.PENDING, PaymentStatus.VOIDED, PaymentStatus.UNKNOWN)
    if rest > 0 and order.payment_method and status not in promised:
        authorized = status is PaymentStatus.AUTHORIZED
        made.append(
            Payment(
                kind=PaymentKind.AUTHORIZATION if authorized else PaymentKind.SALE,
                amount=rest,
                gateway=order.payment_method,
                method=order.payment_method,
                transaction_id=order.payment_provider_id or None,
                status=PaymentStatus.AUTHORIZED if authorized else PaymentStatus.PAID,
            )
        )
    return made


def _fulfillment(shipment: wire.Shipment) -> Fulfillment:
    link = shipment.tracking_link or shipment.generated_tracking_link
    carrier = shipment.tracking_carrier or shipment.shipping_provider or shipment.shipping_method
    tracked = shipment.tracking_number or link
    lines: dict[str, Decimal] = {}
    for one in shipment.items:
        lines[str(one.order_product_id)] = lines.get(str(one.order_product_id), ZERO) + one.quantity
    return Fulfillment(
        id=str(shipment.id),
        tracking=(
            Tracking(number=shipment.tracking_number or None, carrier=carrier or None, url=link or None),
        )
        if tracked
        else (),
        lines=lines,
        created_at=shipment.date_created,
    )


def _codes(whole: Whole) -> tuple[str, ...]:
    codes: Sequence[str] = [one.code for one in whole.coupons]
    codes = [*codes, *(off.code for line in whole.lines for off in line.applied_discounts)]
    return tuple(dict.fromkeys(code for code in codes if code))


def _metadata(order: wire.Order, key: str | None) -> dict[str, str]:
    """What other systems call the order; our own key is not among it."""
    found = {
        "external_order_id": "" if key else order.external_order_id,
        "external_merchant_id": order.external_merchant_id,
        "external_source": order.external_source,
        "staff_notes": order.staff_notes,
        "ebay_order_id": order.ebay_order_id if order.ebay_order_id != "0" else "",
        "cart_id": order.cart_id,
    }
    return {name: value for name, value in found.items() if value}


def _extra(whole: Whole) -> dict[str, Any]:
    order = whole.order
    found: dict[str, Any] = {"status_id": order.status_id, "channel_id": order.channel_id}
    if _money_set(order) is MoneySet.PRESENTMENT:
        found["store_currency"] = order.store_default_currency_code
        found["store_rate"] = order.store_default_to_transactional_exchange_rate
    if len(whole.addresses) > 1:
        found["shipping_addresses"] = [one.id for one in whole.addresses]
    if order.is_deleted:
        found["archived"] = True
    return found
