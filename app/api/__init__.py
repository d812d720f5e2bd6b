"""The only FastAPI: parse, call one service, render."""
