"""ragreason inside other evaluation frameworks: Inspect AI, and the lm-evaluation-harness."""
