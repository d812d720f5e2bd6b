"""How the nouns are shown on the wire, with exactly the fields of the contract."""
