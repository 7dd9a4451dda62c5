"""Figures of a run, one file each."""
