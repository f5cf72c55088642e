"""How a study runs: what raw files there are, what has to be computed and why, and who computes it."""
