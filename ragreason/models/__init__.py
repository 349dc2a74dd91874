"""The model catalogue: names to verified files on this machine."""
