"""Holds no algorithm."""
