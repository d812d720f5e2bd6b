"""How the SDK talks to the trial folder."""
