"""Engines that are servers elsewhere, spoken to over HTTP."""
