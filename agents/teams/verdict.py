"""May a model be shipped in a product: one sentence, from the tool's finding alone."""

from agents.phrases import phrase
from tools.governance.licence_tools import LicenceFinding

__all__ = ["shipping_verdict"]


def shipping_verdict(finding: LicenceFinding, language: str) -> str:
    """Yes, no or not known, and why. Shipping is both commercial use and redistribution of the model.

    Args:
        language: "en" or "zh".
    """
    licence = finding.licence
    permissions = {licence.commercial_use, licence.redistribution}
    if licence.commercial_use == "no":
        return phrase("research_only" if licence.type == "research_only" else "no_commercial_use", language)
    if "unsure" in permissions or "licence" in finding.unsure:
        return phrase("licence_unsure", language)
    if licence.redistribution == "no":
        return phrase("api_only" if licence.type == "api_only" else "no_redistribution", language)
    keep = phrase("keep_conditions", language, count=len(licence.conditions))
    if not licence.conditions:
        keep = phrase("keep_attribution", language)
    if permissions == {"yes"}:
        return phrase("may_ship", language, keep=keep)
    users = phrase("user_threshold", language, users=f"{licence.user_threshold:,}") if licence.user_threshold else ""
    return phrase("may_ship_conditionally", language, keep=keep, users=users)
