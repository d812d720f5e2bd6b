"""The only Optuna: points of a search space, by index, at random, on a grid, or learned."""
