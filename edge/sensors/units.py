"""Units: what converts into what. A quantity is linear in its base unit: base = value * factor + offset."""

from collections.abc import Mapping

from edge.kernel.errors import InvalidInput

_QUANTITIES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "temperature": {"°C": (1.0, 0.0), "K": (1.0, -273.15), "°F": (5 / 9, -160 / 9)},
    "pressure": {
        "bar": (1e5, 0.0), "mbar": (1e2, 0.0), "Pa": (1.0, 0.0), "kPa": (1e3, 0.0), "MPa": (1e6, 0.0),
        "psi": (6894.757293168, 0.0), "atm": (101_325.0, 0.0),
    },
    "length": {"m": (1.0, 0.0), "cm": (1e-2, 0.0), "mm": (1e-3, 0.0), "in": (0.0254, 0.0)},
    "speed": {
        "m/s": (1.0, 0.0), "mm/s": (1e-3, 0.0), "in/s": (0.0254, 0.0), "km/h": (1 / 3.6, 0.0), "mph": (0.44704, 0.0),
    },
    "rotation": {"rpm": (1 / 60, 0.0), "Hz": (1.0, 0.0)},
    "flow": {"m³/h": (1.0, 0.0), "l/min": (0.06, 0.0), "gal/min": (0.227124707, 0.0)},
    "power": {"W": (1.0, 0.0), "kW": (1e3, 0.0)},
    "voltage": {"V": (1.0, 0.0), "mV": (1e-3, 0.0)},
    "current": {"A": (1.0, 0.0), "mA": (1e-3, 0.0)},
    "share": {"%": (1.0, 0.0)},
}  # fmt: skip
_SPELLINGS = {
    "C": "°C", "℃": "°C", "degC": "°C", "F": "°F", "℉": "°F", "degF": "°F", "1/min": "rpm", "U/min": "rpm",
    "r/min": "rpm", "m3/h": "m³/h", "L/min": "l/min", "gpm": "gal/min", "percent": "%",
}  # fmt: skip


def convert(value: float, unit: str, wanted: str) -> float:
    """The value in another unit of the same quantity, to seven digits.

    Raises:
        InvalidInput: a unit is not known, or they are of different quantities.
    """
    here, there = _SPELLINGS.get(unit, unit), _SPELLINGS.get(wanted, wanted)
    if here == there:
        return value
    for units in _QUANTITIES.values():
        if here in units and there in units:
            factor, offset = units[here]
            to_factor, to_offset = units[there]
            return float(f"{(value * factor + offset - to_offset) / to_factor:.7g}")
    fitting = next((units for units in _QUANTITIES.values() if here in units), {})
    known = ", ".join(name for name in fitting if name != here)
    raise InvalidInput(
        f"A value in {unit or 'no unit'} cannot be given in {wanted}.",
        f"It can be given in {known}." if known else "Ask without a unit.",
    )
