"""Answers over HTTP: the OpenAI interface, runs event by event, and the page."""
