"""The audit's rules, one small file each; a new file is a new rule."""
