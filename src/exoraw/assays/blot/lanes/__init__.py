"""Rows and lanes of a blot or gel: found in the picture, or between points that a person clicked."""
