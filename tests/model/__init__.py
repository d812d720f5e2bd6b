"""The service layer against a pure model of it: the same deeds done to both, and compared."""
