"""Every GraphQL document that is sent, whole; the tests hold each against the vendor's schema."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ADD_TAGS",
    "CANCEL_ORDER",
    "CLOSE_ORDER",
    "CREATE_CUSTOMER",
    "CREATE_FULFILLMENT",
    "CREATE_ORDER",
    "CREATE_SUBSCRIPTION",
    "CUSTOMERS",
    "CUSTOMER_BY_IDENTIFIER",
    "DELETE_SUBSCRIPTION",
    "DISCOUNT",
    "DOCUMENTS",
    "FIND_ORDERS",
    "FULFILLMENT_LINES",
    "JOB",
    "MARK_PAID",
    "OPEN_ORDER",
    "ORDER",
    "ORDERS",
    "ORDERS_BY_ID",
    "ORDER_LINES",
    "ORDER_REFUNDS",
    "ORDER_SHIPPING",
    "PLACED",
    "PLACED_LINES",
    "REFUND_LINES",
    "SHIPMENTS",
    "SHIPMENT_LINES",
    "SHOP",
    "STOCKS",
    "STOCK_LEVELS",
    "SUBSCRIPTIONS",
    "VARIANTS",
    "Document",
]


@dataclass(frozen=True)
class Document:
    """One operation, with the fragments it needs."""

    text: str

    @property
    def name(self) -> str:
        """The operation's name, which the platform shows in its logs."""
        return self.text.split(maxsplit=2)[1].partition("(")[0]

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return self.text.startswith("mutation")


_MONEY = """
fragment Money on MoneyBag {
  shopMoney { amount currencyCode }
  presentmentMoney { amount currencyCode }
}
"""

_LINE = """
fragment OrderLine on LineItem {
  id
  title
  variantTitle
  sku
  quantity
  currentQuantity
  requiresShipping
  isGiftCard
  vendor
  variant { id }
  product { id }
  lineItemGroup { id title }
  originalUnitPriceSet { ...Money }
  discountAllocations { ...Allocation }
  taxLines { ...TaxPart }
  duties { id price { ...Money } taxLines { ...TaxPart } }
  customAttributes { key value }
}
"""

_SHIPPING = """
fragment Shipping on ShippingLine {
  id
  title
  code
  source
  carrierIdentifier
  originalPriceSet { ...Money }
  discountAllocations { ...Allocation }
  taxLines { ...TaxPart }
}
"""

_PARTS = (
    """
fragment TaxPart on TaxLine {
  title
  rate
  priceSet { ...Money }
}

fragment Allocation on DiscountAllocation {
  allocatedAmountSet { ...Money }
  discountApplication {
    ... on DiscountCodeApplication { code }
    ... on AutomaticDiscountApplication { title }
    ... on ManualDiscountApplication { title }
    ... on ScriptDiscountApplication { title }
    value { ... on PricingPercentageValue { percentage } }
  }
}
"""
    + _MONEY
)

_ADDRESS = """
fragment PostalAddress on MailingAddress {
  firstName
  lastName
  company
  address1
  address2
  city
  zip
  countryCodeV2
  province
  provinceCode
  phone
}
"""

_ORDER = (
    """
fragment WholeOrder on Order {
  id
  name
  sourceIdentifier
  sourceName
  poNumber
  note
  tags
  test
  email
  phone
  createdAt
  processedAt
  updatedAt
  cancelledAt
  cancelReason
  closedAt
  edited
  displayFinancialStatus
  displayFulfillmentStatus
  fullyPaid
  unpaid
  currencyCode
  presentmentCurrencyCode
  taxesIncluded
  dutiesIncluded
  estimatedTaxes
  confirmationNumber
  discountCodes
  customAttributes { key value }
  totalPriceSet { ...Money }
  totalTaxSet { ...Money }
  totalDiscountsSet { ...Money }
  currentTotalPriceSet { ...Money }
  currentTotalTaxSet { ...Money }
  currentSubtotalPriceSet { ...Money }
  currentTotalDiscountsSet { ...Money }
  totalTipReceivedSet { ...Money }
  totalCashRoundingAdjustment { paymentSet { ...Money } }
  additionalFees { id name price { ...Money } taxLines { ...TaxPart } }
  customer {
    id
    firstName
    lastName
    note
    defaultEmailAddress { emailAddress }
    defaultPhoneNumber { phoneNumber }
  }
  purchasingEntity { ... on PurchasingCompany { company { id name } location { id name } } }
  billingAddress { ...PostalAddress }
  shippingAddress { ...PostalAddress }
  lineItems(first: 50) { nodes { ...OrderLine } pageInfo { hasNextPage endCursor } }
  shippingLines(first: 10) { nodes { ...Shipping } pageInfo { hasNextPage endCursor } }
  transactions(first: 250) {
    id
    kind
    status
    gateway
    formattedGateway
    paymentId
    processedAt
    amountSet { ...Money }
    parentTransaction { id }
  }
  refunds(first: 250) { id createdAt note totalRefundedSet { ...Money } }
  fulfillments(first: 50) {
    id
    status
    createdAt
    trackingInfo(first: 50) { company number url }
    fulfillmentLineItems(first: 20) {
      nodes { quantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + _LINE
    + _SHIPPING
    + _ADDRESS
    + _PARTS
)

_PLACED = (
    """
fragment PlacedOrder on Order {
  id
  name
  sourceIdentifier
  cancelledAt
  currencyCode
  totalPriceSet { ...Money }
  totalTaxSet { ...Money }
  shippingLines(first: 10) { nodes { id code } }
  lineItems(first: 100) { nodes { ...PlacedLine } pageInfo { hasNextPage endCursor } }
}

fragment PlacedLine on LineItem {
  id
  customAttributes { key value }
}
"""
    + _MONEY
)

SHOP = Document(
    """query Shop {
  shop {
    id
    name
    myshopifyDomain
    currencyCode
    plan { publicDisplayName partnerDevelopment shopifyPlus }
  }
  currentAppInstallation { accessScopes { handle } }
}
"""
)

ORDERS = Document(
    """query Orders($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { ...WholeOrder }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER
)

ORDER = Document("query Order($id: ID!) {\n  order(id: $id) { ...WholeOrder }\n}\n" + _ORDER)

ORDERS_BY_ID = Document(
    "query OrdersById($ids: [ID!]!) {\n  nodes(ids: $ids) { ... on Order { ...WholeOrder } }\n}\n" + _ORDER
)

ORDER_LINES = Document(
    """query OrderLines($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    lineItems(first: $first, after: $after) {
      nodes { ...OrderLine }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + _LINE
    + _PARTS
)

ORDER_SHIPPING = Document(
    """query OrderShipping($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    shippingLines(first: $first, after: $after) {
      nodes { ...Shipping }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + _SHIPPING
    + _PARTS
)

FULFILLMENT_LINES = Document(
    """query FulfillmentLines($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Fulfillment {
      fulfillmentLineItems(first: $first, after: $after) {
        nodes { quantity lineItem { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
)

_REFUND_LINE = """
fragment RefundPart on RefundLineItem {
  quantity
  lineItem { id }
  subtotalSet { ...Money }
  totalTaxSet { ...Money }
}
"""

ORDER_REFUNDS = Document(
    """query OrderRefunds($id: ID!) {
  order(id: $id) {
    refunds(first: 250) {
      id
      createdAt
      note
      totalRefundedSet { ...Money }
      duties { amountSet { ...Money } }
      refundLineItems(first: 20) {
        nodes { ...RefundPart }
        pageInfo { hasNextPage endCursor }
      }
      refundShippingLines(first: 10) {
        nodes { subtotalAmountSet { ...Money } taxAmountSet { ...Money } }
      }
    }
  }
}
"""
    + _REFUND_LINE
    + _MONEY
)

REFUND_LINES = Document(
    """query RefundLines($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Refund {
      refundLineItems(first: $first, after: $after) {
        nodes { ...RefundPart }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
    + _REFUND_LINE
    + _MONEY
)

PLACED = Document("query PlacedById($id: ID!) {\n  order(id: $id) { ...PlacedOrder }\n}\n" + _PLACED)

PLACED_LINES = Document(
    """query PlacedLines($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    lineItems(first: $first, after: $after) {
      nodes { id customAttributes { key value } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
)

FIND_ORDERS = Document(
    """query FindOrders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes { ...PlacedOrder }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _PLACED
)

CUSTOMERS = Document(
    """query Customers($first: Int!, $after: String, $query: String!) {
  customers(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes {
      id
      tags
      defaultEmailAddress { emailAddress }
      defaultPhoneNumber { phoneNumber }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)

CUSTOMER_BY_IDENTIFIER = Document(
    """query CustomerByIdentifier($identifier: CustomerIdentifierInput!) {
  customerByIdentifier(identifier: $identifier) { id }
}
"""
)

VARIANTS = Document(
    """query Variants($first: Int!, $after: String, $query: String!) {
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes {
      id
      sku
      price
      displayName
      inventoryPolicy
      product { id status }
      inventoryItem { tracked requiresShipping }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)

STOCKS = Document(
    """query Stocks($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on ProductVariant {
      id
      inventoryPolicy
      inventoryItem {
        id
        tracked
        inventoryLevels(first: 20) {
          nodes { location { id } quantities(names: ["available"]) { name quantity } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
}
"""
)

STOCK_LEVELS = Document(
    """query StockLevels($id: ID!, $first: Int!, $after: String) {
  inventoryItem(id: $id) {
    inventoryLevels(first: $first, after: $after) {
      nodes { location { id } quantities(names: ["available"]) { name quantity } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
)

SHIPMENTS = Document(
    """query Shipments($id: ID!) {
  order(id: $id) {
    id
    tags
    cancelledAt
    closedAt
    fullyPaid
    totalOutstandingSet { ...Money }
    fulfillmentOrders(first: 50) {
      nodes {
        id
        status
        assignedLocation { location { id } }
        lineItems(first: 50) {
          nodes { id remainingQuantity lineItem { id } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
    fulfillments(first: 50) {
      id
      status
      createdAt
      trackingInfo(first: 50) { company number url }
      fulfillmentLineItems(first: 20) {
        nodes { quantity lineItem { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
    + _MONEY
)

SHIPMENT_LINES = Document(
    """query ShipmentLines($id: ID!, $first: Int!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: $first, after: $after) {
      nodes { id remainingQuantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
)

JOB = Document("query Job($id: ID!) {\n  job(id: $id) { id done }\n}\n")

DISCOUNT = Document(
    """query Discount($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    id
    codeDiscount {
      ... on DiscountCodeApp { status }
      ... on DiscountCodeBasic { status }
      ... on DiscountCodeBxgy { status }
      ... on DiscountCodeFreeShipping { status }
    }
  }
}
"""
)

SUBSCRIPTIONS = Document(
    """query Subscriptions($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) {
    nodes { id topic uri }
    pageInfo { hasNextPage endCursor }
  }
}
"""
)

CREATE_ORDER = Document(
    """mutation CreateOrder($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) {
    order { ...PlacedOrder }
    userErrors { field message code }
  }
}
"""
    + _PLACED
)

CREATE_CUSTOMER = Document(
    """mutation CreateCustomer($input: CustomerInput!) {
  customerCreate(input: $input) {
    customer { id }
    userErrors { field message }
  }
}
"""
)

CANCEL_ORDER = Document(
    """mutation CancelOrder($id: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $note: String) {
  orderCancel(orderId: $id, reason: $reason, restock: $restock, staffNote: $note, notifyCustomer: false) {
    job { id done }
    orderCancelUserErrors { field message code }
  }
}
"""
)

CLOSE_ORDER = Document(
    """mutation CloseOrder($id: ID!) {
  orderClose(input: {id: $id}) {
    order { id }
    userErrors { field message }
  }
}
"""
)

OPEN_ORDER = Document(
    """mutation OpenOrder($id: ID!) {
  orderOpen(input: {id: $id}) {
    order { id }
    userErrors { field message }
  }
}
"""
)

MARK_PAID = Document(
    """mutation MarkPaid($id: ID!) {
  orderMarkAsPaid(input: {id: $id}) {
    order { id }
    userErrors { field message }
  }
}
"""
)

CREATE_FULFILLMENT = Document(
    """mutation CreateFulfillment($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status }
    userErrors { field message }
  }
}
"""
)

ADD_TAGS = Document(
    """mutation AddTags($id: ID!, $tags: [String!]!) {
  tagsAdd(id: $id, tags: $tags) {
    node { id }
    userErrors { field message }
  }
}
"""
)

CREATE_SUBSCRIPTION = Document(
    """mutation CreateSubscription($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id topic uri }
    userErrors { field message }
  }
}
"""
)

DELETE_SUBSCRIPTION = Document(
    """mutation DeleteSubscription($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}
"""
)

DOCUMENTS = tuple(value for value in globals().copy().values() if isinstance(value, Document))
"""All of them."""
