"""Accord: every customer promise is one shared decision, made against real supply."""
