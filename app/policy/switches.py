"""What switches augmentation and regularisation off: both raise the variance of gradients (P-5), so
probes and constant-rate sweeps run without them (P-16)."""

from app.domain.space import FixedValue, Parameter, ParameterType, Role, Value

SLOWING_ROLES = (Role.AUGMENTATION, Role.REGULARIZATION)
OFF_WORDS = frozenset({"none", "off", "false", "identity"})
OFF_WORD = "none"


def is_off(value: Value, off: Value | None) -> bool:
    """Whether a value switches its parameter off; `off` is what the user declared to do so."""
    if off is not None:
        return value == off
    return value.lower() in OFF_WORDS if isinstance(value, str) else value == 0


def off_value(what: Parameter | FixedValue) -> Value | None:
    """The value that switches it off; None where no choice does and none is declared."""
    if what.off is not None:
        return what.off
    if isinstance(what, FixedValue):
        return OFF_WORD if isinstance(what.value, str) else type(what.value)(0)
    if what.is_numeric:
        return 0 if what.type is ParameterType.INT else 0.0
    return next((choice for choice in what.choices or () if is_off(choice, None)), None)
