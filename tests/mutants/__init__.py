"""Mutation of the safety code: each is taken out in a copy of the tree, and a test must see it."""
