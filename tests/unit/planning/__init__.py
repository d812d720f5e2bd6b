"""The pure calculators that propose a round, a horizon, a schedule."""
