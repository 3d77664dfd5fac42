"""Names of states and provinces: BigCommerce writes and wants them in full; we keep ISO 3166-2 codes.

An abbreviated state makes the submission of tax documents fail, says the vendor's guide to orders.
"""

from __future__ import annotations

__all__ = ["code_of", "name_of"]

_NAMES = {
    "US": {
        "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
        "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
        "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
        "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
        "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
        "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
        "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
        "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
        "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
        "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    },
    "CA": {
        "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
        "NL": "Newfoundland and Labrador", "NS": "Nova Scotia", "NT": "Northwest Territories", "NU": "Nunavut",
        "ON": "Ontario", "PE": "Prince Edward Island", "QC": "Quebec", "SK": "Saskatchewan", "YT": "Yukon",
    },
    "AU": {
        "ACT": "Australian Capital Territory", "NSW": "New South Wales", "NT": "Northern Territory",
        "QLD": "Queensland", "SA": "South Australia", "TAS": "Tasmania", "VIC": "Victoria",
        "WA": "Western Australia",
    },
}  # fmt: skip
_CODES = {country: {name.lower(): code for code, name in names.items()} for country, names in _NAMES.items()}


def name_of(country: str | None, code: str) -> str:
    """The name of a subdivision where we know it, else its code."""
    return _NAMES.get(country or "", {}).get(code, code)


def code_of(country: str, text: str) -> str | None:
    """The code of what a state field says, be it a name or a code; None if it is neither."""
    known = _CODES.get(country, {}).get(text.lower())
    if known:
        return known
    upper = text.upper()
    if country in _NAMES:
        return upper if upper in _NAMES[country] else None
    return text if 1 <= len(text) <= 3 and text.isascii() and text.isalnum() and text == upper else None
