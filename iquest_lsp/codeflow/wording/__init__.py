"""Answers as documents: records of facts with their JSON and markdown forms, and every sentence of code flow."""
