"""Bands: their volumes with an interval, their faults, their molecular weight."""
