"""Segments through time: who is in, who entered and left, and why."""
