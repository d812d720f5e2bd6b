"""One test module a rule: Clear, Finding, Inconclusive and the exact threshold of each."""
