"""The nouns: frozen values, states and their one transition table, the domain error tree."""
