"""Measures this machine: the app beside the plain method."""
