"""The rules that a catalog keeps: each a small named function that says what is off."""
