"""Simulated visitors: a hidden taste, truthful answers in words from rules, and how soon they find what they want."""
