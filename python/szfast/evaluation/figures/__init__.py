"""Figures of the published method: each file makes the table behind a figure, and draws such a table."""
