"""Measurements; `make bench` runs them. They print, they do not judge."""
