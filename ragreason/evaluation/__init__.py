"""Metrics, statistics, evaluation runs."""
