"""Regions: countries by ISO 3166-1 alpha-2, and the groups EU, EEA and world."""

from typing import Annotated

from pydantic import AfterValidator

__all__ = ["REGIONS", "Region", "regions_touched"]

_EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
_COUNTRIES = _EU | frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AU AW AX AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG
    CH CI CK CL CM CN CO CR CU CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GB GD GE GF GG GH GI GL GM GN GP GQ GS
    GT GU GW GY HK HM HN HT ID IL IM IN IO IQ IR IS JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MU MV MW MX MY MZ NA NC NE NF NG NI NO NP NR NU NZ OM PA PE PF PG PH
    PK PM PN PR PS PW PY QA RE RS RU RW SA SB SC SD SG SH SJ SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)
_GROUPS = {"EU": _EU, "EEA": _EU | {"IS", "LI", "NO"}, "world": _COUNTRIES}

REGIONS: tuple[str, ...] = (*_GROUPS, *sorted(_COUNTRIES))
"""Every region that may be named, groups first."""


def _countries(region: str) -> frozenset[str]:
    return _GROUPS.get(region) or frozenset({region})


def regions_touched(region: str) -> frozenset[str]:
    """Every region that has a country in common with this one: a rule for the EU holds in DE, and in the world.

    Args:
        region: one of `REGIONS`.
    """
    mine = _countries(region)
    touched = {group for group, countries in _GROUPS.items() if countries & mine}
    return frozenset(mine | touched)


def _known(region: str) -> str:
    if region not in REGIONS:
        raise ValueError(f"unknown region {region!r}: give a country by its two letters (DE), EU, EEA or world")
    return region


Region = Annotated[str, AfterValidator(_known)]
