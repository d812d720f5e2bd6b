"""One contract suite, many implementations behind it."""
