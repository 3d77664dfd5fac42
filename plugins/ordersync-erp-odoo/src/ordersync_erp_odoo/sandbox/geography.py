"""Countries, their subdivisions and currencies: ISO 3166 and ISO 4217, as far as sample orders and tests reach."""

from __future__ import annotations

__all__ = ["CURRENCIES", "countries", "states"]

_COUNTRIES = """
AE United_Arab_Emirates AED 971;AR Argentina ARS 54;AT Austria EUR 43;AU Australia AUD 61;BE Belgium EUR 32
BG Bulgaria EUR 359;BH Bahrain BHD 973;BR Brazil BRL 55;CA Canada CAD 1;CH Switzerland CHF 41;CL Chile CLP 56
CN China CNY 86;CY Cyprus EUR 357;CZ Czech_Republic CZK 420;DE Germany EUR 49;DK Denmark DKK 45;EE Estonia EUR 372
ES Spain EUR 34;FI Finland EUR 358;FR France EUR 33;GB United_Kingdom GBP 44;GR Greece EUR 30;HK Hong_Kong HKD 852
HR Croatia EUR 385;HU Hungary HUF 36;IE Ireland EUR 353;IL Israel ILS 972;IN India INR 91;IS Iceland ISK 354
IT Italy EUR 39;JP Japan JPY 81;KR South_Korea KRW 82;KW Kuwait KWD 965;LT Lithuania EUR 370;LU Luxembourg EUR 352
LV Latvia EUR 371;MT Malta EUR 356;MX Mexico MXN 52;NL Netherlands EUR 31;NO Norway NOK 47;NZ New_Zealand NZD 64
OM Oman OMR 968;PL Poland PLN 48;PT Portugal EUR 351;RO Romania RON 40;SA Saudi_Arabia SAR 966;SE Sweden SEK 46
SG Singapore SGD 65;SI Slovenia EUR 386;SK Slovakia EUR 421;TR Türkiye TRY 90;TW Taiwan TWD 886
UA Ukraine UAH 380;US United_States USD 1;XK Kosovo EUR 383;ZA South_Africa ZAR 27
"""

_STATES = {
    "US": """AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware
DC District_of_Columbia;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky
LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana
NE Nebraska;NV Nevada;NH New_Hampshire;NJ New_Jersey;NM New_Mexico;NY New_York;NC North_Carolina;ND North_Dakota;OH Ohio
OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode_Island;SC South_Carolina;SD South_Dakota;TN Tennessee;TX Texas;UT Utah
VT Vermont;VA Virginia;WA Washington;WV West_Virginia;WI Wisconsin;WY Wyoming;PR Puerto_Rico;GU Guam;VI Virgin_Islands""",
    "CA": """AB Alberta;BC British_Columbia;MB Manitoba;NB New_Brunswick;NL Newfoundland_and_Labrador;NT Northwest_Territories
NS Nova_Scotia;NU Nunavut;ON Ontario;PE Prince_Edward_Island;QC Quebec;SK Saskatchewan;YT Yukon""",
    "DE": """BW Baden-Württemberg;BY Bavaria;BE Berlin;BB Brandenburg;HB Bremen;HH Hamburg;HE Hesse;NI Lower_Saxony
MV Mecklenburg-Western_Pomerania;NW North_Rhine-Westphalia;RP Rhineland-Palatinate;SL Saarland;SN Saxony;ST Saxony-Anhalt
SH Schleswig-Holstein;TH Thuringia""",
    "JP": "01 Hokkaidō;12 Chiba;13 Tōkyō;14 Kanagawa;23 Aichi;26 Kyōto;27 Ōsaka;28 Hyōgo;40 Fukuoka",
    "GB": "KEN Kent;LND London;LAN Lancashire;ESS Essex",
    "AU": """ACT Australian_Capital_Territory;NSW New_South_Wales;NT Northern_Territory;QLD Queensland;SA South_Australia
TAS Tasmania;VIC Victoria;WA Western_Australia""",
    "ES": "B Barcelona;M Madrid;V Valencia;SE Seville",
    "IT": "MI Milano;RM Roma;TO Torino;NA Napoli",
}

CURRENCIES: tuple[tuple[str, str, str, str, bool, str], ...] = (
    ("USD", "United States dollar", "$", "0.01", True, "1"),
    ("EUR", "Euro", "€", "0.01", True, "0.9"),
    ("GBP", "Pound sterling", "£", "0.01", True, "0.8"),
    ("JPY", "Japanese yen", "¥", "1", True, "150"),
    ("KWD", "Kuwaiti dinar", "د.ك", "0.001", True, "0.31"),
    ("CAD", "Canadian dollar", "$", "0.01", True, "1.35"),
    ("CHF", "Swiss franc", "CHF", "0.01", False, "1"),
    ("AUD", "Australian dollar", "$", "0.01", False, "1"),
    ("SEK", "Swedish krona", "kr", "0.01", False, "1"),
)
"""(code, name, symbol, rounding, active, rate): active ones have a rate, the others do not."""


def countries() -> list[tuple[str, str, str, int]]:
    """(code, name, currency, calling code) of each country."""
    made = []
    for entry in _entries(_COUNTRIES):
        code, name, currency, phone = entry.split()
        made.append((code, name.replace("_", " "), currency, int(phone)))
    return made


def states(version: str) -> list[tuple[str, str, str]]:
    """(country, code, name); Japan's codes carry the country in 19 (measured)."""
    made = []
    for country, text in _STATES.items():
        for entry in _entries(text):
            code, name = entry.split()
            if country == "JP" and version == "19":
                code = f"JP-{code}"
            made.append((country, code, name.replace("_", " ")))
    return made


def _entries(text: str) -> list[str]:
    return [entry for line in text.strip().splitlines() for entry in line.split(";") if entry]
