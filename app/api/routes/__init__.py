"""Endpoint files that only declare: parse, call one service, render."""
