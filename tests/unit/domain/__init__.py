"""The nouns: what a space, a schedule, a curve and a round promise, without any service."""
