"""The judge: facts in, verdicts out. One rule a file under `rules`, one catalogue, one engine."""
