"""The chat widget for other sites: its modules, the script made of them, and its pages."""
