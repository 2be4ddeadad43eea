"""One module a format: ``front_matter`` of its README, and ``write``."""
