"""Simulated apoptosis studies: cells with known class, instruments that write them as their makers do."""
