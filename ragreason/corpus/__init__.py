"""Files to passages: load, chunk."""
