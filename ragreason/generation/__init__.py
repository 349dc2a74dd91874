"""Engines: prompts to tokens."""
