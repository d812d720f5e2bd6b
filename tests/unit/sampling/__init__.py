"""The samplers: by index, at random, on a grid, learned."""
