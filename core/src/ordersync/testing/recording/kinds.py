"""What a field holds, told by its name: literal tables. Free text is what no table names; it is replaced as well."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

__all__ = ["KEPT_WORDS", "PERSON_WORDS", "PLAIN_WORDS", "Kind", "kind_of_name", "name_words"]


class Kind(StrEnum):
    """What a value is, for whoever replaces it."""

    SECRET = "secret"  # noqa: S105 - the name of a kind
    """Credentials, tokens, signatures, cookies."""
    EMAIL = "e-mail"
    NAME = "name"
    """Of people, companies, logins; words are learnt, and replaced wherever else they stand."""
    PHONE = "phone"
    ADDRESS = "address"
    POSTCODE = "postcode"
    NUMBER = "personal number"
    """Tax numbers, bank accounts, birthdays, positions: the same shape, other digits and letters."""
    IP = "ip"
    HOST = "host"
    TEXT = "text"
    """Free text: every word of it, but for plain words of commerce."""
    BINARY = "binary"
    """A body that cannot be read is removed."""
    SEARCH = "search"
    """A search or query: what stands in quotes or behind an operator is a value, the rest is language."""
    CODE = "code"
    """A word of the platform's own language (a status, a type): a single one stays."""
    ID = "id"
    """An id or a SKU: stays if it has the shape of one, also if a part of it is somebody's name."""
    KEEP = "keep"
    """An author's word for: left as it is, but for secrets, e-mail addresses and people's names."""
    PLACE = "place"
    """Countries and subdivisions: left as they are, taxes depend on them."""


_EXACT: dict[Kind, str] = {
    Kind.NAME: """firstname lastname fullname middlename surname givenname familyname nickname contactname
        cardname customername attention attn addressee company companyname organization organisation recipient
        contactperson username login user owner author salesperson cashier customer buyer billto shipto partner entity
        shopowner cardholder cardholdername creditcardname nameoncard legalname altname printoncheckas storename shopname
        contact altcontact companyaddress partnername""",
    Kind.ADDRESS: """city town district neighborhood neighbourhood suburb addr1 addr2 addr3 addrtext block building line1
        line2 line3 apartment houseno floor department addressee2 formattedarea county""",
    Kind.POSTCODE: "zip zipcode postcode postalcode postal zippostalcode",
    Kind.NUMBER: """vat vatnumber vatid taxid taxnumber taxregistration taxidnum iban bic accountnumber bankaccount passport
        ssn cpf cnpj nif federaltaxid creditcardnumber cardnumber lastfour last4 creditcardbin birthday birthdate
        dateofbirth dob latitude longitude lat lng lon vatregnumber companyregistry licenseplate""",
    Kind.IP: "ip ipaddress browserip clientip customeripaddress remoteip remoteaddr",
    Kind.CODE: "operationname tokentype",
    Kind.HOST: "shop domain host hostname server shopdomain myshopifydomain primarydomain site website baseurl",
    Kind.TEXT: """note notes comment comments message messages description remark remarks text memo instructions title label
        reason subject body bodyhtml html useragent customeruseragent statusmessage detail details greeting giftmessage
        jrnlmemo openingremarks closingremarks ref clientorderref staffnotes customermessage suggestion error""",
    Kind.SEARCH: "query q search searchcriteria filter where sql searchstring keyword",
    Kind.PLACE: """country countryname countrycode countryiso2 province provincecode state statecode subdivision region
        stateorprovince zone countryid stateid""",
}
_BY_NAME = {name: kind for kind, names in _EXACT.items() for name in names.split()}
_SECRET = re.compile(
    r"token|secret|passw|apikey|consumerkey|accesskey|privatekey|signature|hmac|credential|authorization$|cookie"
    r"|sessionid|b1session|nonce|^sig$|^pwd$|^pin$|^auth$|clientid|passphrase|^csrf|session$"
)
_CODES = frozenset(
    """status state type kind currency locale language lang method action operation typename unit version rel model mode
    scheme precision format behavior behaviour policy""".split()
)
_IDS = frozenset("id ids gid uuid guid sku skus barcode ean upc".split())
_NO_SECRET = frozenset("type at in count limit expires status".split())
"""`token_type`, `token_expires_in`: about a secret, not one."""
PERSON_WORDS = frozenset(
    """customer customers billing shipping address addresses partner contact contacts user users recipient company
    employee buyer person people owner seller billto shipto defaultaddress companies salesrep addressbook""".split()
)
"""Inside such an object `name` is somebody's."""
PLAIN_WORDS = frozenset(
    """a an and as at by for from if in is it no not of off on or the to was with without order orders item items line
    lines product products sku total subtotal tax taxes vat sales discount discounts discounted coupon shipping delivery
    freight standard express free fee fees gift card tip duty duties price amount payment payments paid pay unpaid partly
    partially refund refunded refunds cash check cheque bank transfer wire invoice draft open closed close pending
    processing completed complete cancelled canceled cancel hold held failed error new default manual online web store shop
    custom customer customers guest user account number code date time day days week month year street avenue road lane
    north south east west rounding adjustment balance quantity unit units each pack stock warehouse location main color
    colour size small medium large black white red green blue variant title name label value key type true false none null
    yes api admin public private test note notes email phone address found already exists invalid required missing unknown
    must be been has have cannot field fields resource request response page pages next previous application json html text
    utf gmt utc id ids true route confirmed confirm posted sale done shipped fulfilled unfulfilled fulfillment status via
    created updated deleted creditcard visa mastercard paypal ups usps dhl fedex ground overnight pickup flat rate local
    taxable nontaxable exempt percent percentage fixed state county city federal ordersync reference""".split()
)
"""Words that say nothing about anybody; they stay, unless they are somebody's name in this recording."""
KEPT_WORDS = re.compile(r"os-[a-z2-7]{26}(?:-[A-Za-z0-9]+)*")
"""Keys of ordersync: they identify orders by a digest, and a replay without them finds nothing again."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def name_words(name: str) -> tuple[str, ...]:
    """`shippingAddress`, `shipping_address`, `Shipping-Address`: shipping, address."""
    return tuple(part.lower() for part in _PARTS.findall(name))


@cache
def kind_of_name(name: str) -> Kind | None:
    """What a field of this name holds; None if the name does not tell. `name` itself depends on where it stands."""
    words = name_words(name)
    joined = "".join(words)
    if joined in _BY_NAME:
        return _BY_NAME[joined]
    if _SECRET.search(joined) and words[-1] not in _NO_SECRET:
        return Kind.SECRET
    if "mail" in words or "email" in joined:
        return Kind.EMAIL
    if any(word in joined for word in ("phone", "mobile", "cellular")) or {"fax", "tel"} & set(words):
        return Kind.PHONE
    if "street" in words or joined.startswith(("address1", "address2", "addressline")) or joined == "address":
        return Kind.ADDRESS
    if words[-1:] and words[-1] in _CODES:
        return Kind.CODE
    if words[-1:] and words[-1] in _IDS:
        return Kind.ID
    for last in (2, 1):
        tail = "".join(words[-last:])
        if len(words) > last and tail in _BY_NAME:
            return _BY_NAME[tail]
    if {"note", "notes", "comment", "comments", "message", "memo", "remarks", "instructions"} & set(words):
        return Kind.TEXT
    return None
