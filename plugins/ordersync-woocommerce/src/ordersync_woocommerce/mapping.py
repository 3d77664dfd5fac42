"""From WooCommerce's words to ours. Pure.

An order's lines are net of tax in the shop, whatever its prices are. Where the shop's prices include tax
(`prices_include_tax`), the tax is put back, so that a line shows what the buyer saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ordersync import (
    Amounts,
    Charge,
    ChargeKind,
    Company,
    Customer,
    Discount,
    Item,
    Line,
    Order,
    OrderRef,
    OrderStatus,
    Payment,
    PaymentKind,
    Placed,
    PlacedLine,
    PlacedState,
    Refund,
    Stated,
    Stock,
    Tax,
    Totals,
    minor_units,
    shares,
)
from ordersync_woocommerce import marks, statuses, wire
from ordersync_woocommerce.places import address_of, phone_of

__all__ = ["item_of", "order_of", "placed_of", "stock_of"]

ZERO = Decimal(0)
_CONTAINERS = ("variable", "grouped", "variable-subscription")
"""Types that an order line cannot name; plugins bring types of their own that it can."""
_Priced = wire.OrderLine | wire.OrderShipping | wire.OrderFee


def order_of(found: wire.Order, known: Mapping[str, OrderStatus]) -> Order:
    """The order in our words; `known` is what the shop's own statuses mean.

    Raises ValueError, without values, if it lacks what an order needs.
    """
    created = found.date_created_gmt
    if created is None:
        raise ValueError("the order has no date")
    status, payment, fulfillment = statuses.of_order(found, known)
    money = _Money.of(found)
    billing = address_of(found.billing)
    shipping = address_of(found.shipping)
    country = billing.country if billing else None
    email = found.billing.email or None
    cards = sum((card.amount for card in found.gift_cards), ZERO)
    total = found.total + cards
    lines = tuple(_line(line, money) for line in found.line_items)
    charges = (
        *(_shipping(row, money) for row in found.shipping_lines),
        *(_fee(row, money) for row in found.fee_lines),
    )
    parts = sum((line.amounts.gross for line in lines), ZERO)
    parts += sum((charge.amounts.gross for charge in charges), ZERO)
    rounding = total - parts
    if abs(rounding) > money.unit * (len(lines) + len(charges)) / 2:
        rounding = ZERO
    return Order(
        id=str(found.id),
        number=found.number or str(found.id),
        key=marks.key_of(found),
        status=status,
        payment_status=payment,
        fulfillment_status=fulfillment,
        platform_statuses={"order": found.status},
        currency=found.currency,
        taxes_included=money.included,
        total=total,
        rounding=rounding,
        stated=Stated(discount=found.discount_total, shipping=found.shipping_total, tax=found.total_tax),
        customer=_customer(found),
        company=Company(name=found.billing.company) if found.billing.company else None,
        email=email,
        phone=phone_of(found.billing.phone, country),
        billing=billing,
        shipping=shipping,
        lines=lines,
        charges=charges,
        payments=_payments(found),
        refunds=tuple(
            Refund(id=str(row.id), amount=-row.total, note=row.reason or None) for row in found.refunds
        ),
        discount_codes=tuple(dict.fromkeys(coupon.code for coupon in found.coupon_lines if coupon.code)),
        note=found.customer_note or None,
        metadata=_metadata(found.meta_data),
        po_number=marks.noted(found.meta_data, "_purchase_order_number") or None,
        sales_channel=found.created_via or None,
        placed_at=created,
        created_at=created,
        updated_at=found.date_modified_gmt or created,
    )


@dataclass
class _Money:
    """The taxes of each line as they add up to the order's, in the shop's digits."""

    included: bool
    unit: Decimal
    currency: str
    taxes: dict[int, Decimal]
    """Item id → its tax in all."""
    rates: dict[int, wire.OrderTax]

    @classmethod
    def of(cls, found: wire.Order) -> _Money:
        shown = -int(found.total.as_tuple().exponent)
        unit = Decimal(1).scaleb(-max(minor_units(found.currency), shown))
        rows: Sequence[_Priced] = [*found.line_items, *found.shipping_lines, *found.fee_lines]
        taxes = {row.id: _cut(row.total_tax, unit) for row in rows}
        missing = found.total_tax - sum(taxes.values(), ZERO)
        taxed = [row for row in rows if row.total_tax]
        if missing and abs(missing) <= unit * len(taxed):
            exact = [abs(sum((part.total for part in row.taxes), ZERO)) for row in taxed]
            for row, share in zip(taxed, shares(found.total_tax, exact, found.currency), strict=True):
                taxes[row.id] = share
        return cls(
            included=found.prices_include_tax,
            unit=unit,
            currency=found.currency,
            taxes=taxes,
            rates={tax.rate_id: tax for tax in found.tax_lines},
        )

    def amounts(
        self, row: _Priced, *, before: Decimal | None = None, quantity: Decimal = Decimal(1)
    ) -> Amounts:
        """The row's amounts; `before` is what it was before discounts, in the order's basis."""
        net = _cut(row.total, self.unit)
        taxes = self._taxes(row)
        paid = net + sum((tax.amount for tax in taxes), ZERO) if self.included else net
        off = _cut(before, self.unit) - paid if before is not None else ZERO
        if off < 0 or (off and before is not None and before < 0):
            off = ZERO
        listed = paid + off
        return Amounts(
            list_amount=listed,
            discounts=(Discount(amount=off),) if off else (),
            net=net,
            taxes=taxes,
            unit_price=_cut(listed / quantity, self.unit / 100),
        )

    def _taxes(self, row: _Priced) -> tuple[Tax, ...]:
        whole = self.taxes[row.id]
        parts = [part for part in row.taxes if part.total]
        if not parts:
            return (Tax(amount=whole),) if whole else ()
        amounts = shares(whole, [abs(part.total) for part in parts], self.currency)
        return tuple(self._tax(part, amount) for part, amount in zip(parts, amounts, strict=True))

    def _tax(self, part: wire.TaxShare, amount: Decimal) -> Tax:
        """A compound rate is on top of other taxes: as a fraction of the net it would be wrong."""
        rate = self.rates.get(part.id)
        percent = rate.rate_percent if rate and not rate.compound else None
        return Tax(
            title=rate.label if rate else "",
            rate=percent / 100 if percent is not None else None,
            amount=amount,
        )


def _cut(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, rounding=ROUND_HALF_UP)


def _line(row: wire.OrderLine, money: _Money) -> Line:
    if row.quantity <= 0:
        raise ValueError(f"line {row.id} has no quantity")
    before = row.subtotal + row.subtotal_tax if money.included else row.subtotal
    title, variant = row.name, None
    if row.parent_name and row.name.startswith(f"{row.parent_name} - "):
        title, variant = row.parent_name, row.name.removeprefix(f"{row.parent_name} - ")
    return Line(
        id=str(row.id),
        title=title,
        variant_title=variant,
        quantity=row.quantity,
        sku=row.sku or None,
        product_id=str(row.product_id) if row.product_id else None,
        variant_id=str(row.variation_id) if row.variation_id else None,
        barcode=row.global_unique_id or None,
        custom=not row.product_id and not row.sku,
        bundle_of=str(row.bundled_by) if row.bundled_by else None,
        amounts=money.amounts(row, before=before, quantity=row.quantity),
        properties=_metadata(row.meta_data),
    )


def _shipping(row: wire.OrderShipping, money: _Money) -> Charge:
    return Charge(
        kind=ChargeKind.SHIPPING,
        title=row.method_title or "Shipping",
        code=row.method_id or None,
        id=str(row.id),
        amounts=money.amounts(row),
    )


def _fee(row: wire.OrderFee, money: _Money) -> Charge:
    """The fee that stands for an order's taxes is a tax."""
    amounts = money.amounts(row)
    if marks.noted(row.meta_data, marks.KIND) == marks.TAX_FEE:
        amounts = Amounts.of(
            amounts.net if money.included else ZERO,
            taxes=(Tax(title=row.name, amount=amounts.net),),
            taxes_included=money.included,
        )
    return Charge(kind=ChargeKind.FEE, title=row.name or "Fee", id=str(row.id), amounts=amounts)


def _customer(found: wire.Order) -> Customer | None:
    billing = found.billing
    address = address_of(billing)
    if not found.customer_id and not billing.email and address is None:
        return None
    return Customer(
        id=str(found.customer_id) if found.customer_id else None,
        email=billing.email or None,
        phone=phone_of(billing.phone, address.country if address else None),
        first_name=billing.first_name or None,
        last_name=billing.last_name or None,
        company=Company(name=billing.company) if billing.company else None,
        address=address,
    )


def _payments(found: wire.Order) -> tuple[Payment, ...]:
    cards = [
        Payment(kind=PaymentKind.GIFT_CARD, amount=card.amount) for card in found.gift_cards if card.amount
    ]
    if found.date_paid_gmt is None:
        return tuple(cards)
    paid = Payment(
        amount=found.total,
        gateway=found.payment_method or None,
        method=found.payment_method_title or None,
        transaction_id=found.transaction_id or None,
        processed_at=found.date_paid_gmt,
    )
    return (*cards, paid)


def _metadata(rows: Sequence[wire.Meta]) -> dict[str, str]:
    """What people see: keys without an underscore, values that are text."""
    return {
        row.key: str(row.value)
        for row in rows
        if row.key
        and not row.key.startswith("_")
        and isinstance(row.value, str | int | Decimal)
        and not isinstance(row.value, bool)
    }


def placed_of(found: wire.Order, key: str) -> Placed:
    """The order as it stands. A product line without a product is not ours: the shop takes unknown products silently."""
    rows: Sequence[_Priced] = [*found.line_items, *found.shipping_lines, *found.fee_lines]
    lost = {row.id for row in found.line_items if not row.product_id}
    fees = [row for row in found.fee_lines if marks.noted(row.meta_data, marks.KIND) == marks.TAX_FEE]
    tax = found.total_tax + sum((row.total for row in fees), ZERO)
    gone = found.status in ("cancelled", "trash")
    return Placed(
        ref=OrderRef(id=str(found.id), number=found.number or None),
        key=key,
        state=PlacedState.CANCELLED if gone else PlacedState.CONFIRMED,
        totals=Totals(currency=found.currency, net=found.total - tax, tax=tax, total=found.total),
        lines=tuple(
            PlacedLine(id=str(row.id), position=marks.position_of(row.meta_data))
            for row in rows
            if row.id not in lost and (row not in fees or marks.position_of(row.meta_data) is not None)
        ),
    )


def item_of(found: wire.Product, currency: str | None) -> Item:
    """A product, or a variation with its parent's id as the product's."""
    variation = bool(found.parent_id) and found.type in ("variation", "subscription_variation")
    return Item(
        sku=found.sku,
        product_id=str(found.parent_id if variation else found.id),
        variant_id=str(found.id) if variation else None,
        title=found.name or None,
        unit_price=found.price,
        currency=currency,
        sellable=found.status == "publish" and found.type not in _CONTAINERS,
        tracks_stock=found.manage_stock,
        requires_shipping=not found.virtual,
    )


def stock_of(found: wire.Product) -> Stock:
    """What can be sold now; None where nothing limits it. A shop may have oversold: then it is nothing."""
    if found.backorders_allowed:
        return Stock(available=None)
    if found.manage_stock and found.stock_quantity is not None:
        return Stock(available=max(found.stock_quantity, ZERO))
    return Stock(available=ZERO if found.stock_status == "outofstock" else None)
