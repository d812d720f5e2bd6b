"""How many configurations a number of searched dimensions asks for (P-22)."""

FOR_TWO = 10
FOR_THREE = 25
PER_DIMENSION = 10


def wanted_configurations(dimensions: int) -> int:
    """10 for two dimensions, 25 for three, 10 (d - 1) beyond; one dimension asks for none."""
    if dimensions <= 1:
        return 0
    least = FOR_TWO if dimensions == 2 else FOR_THREE
    return max(least, PER_DIMENSION * (dimensions - 1))
