"""The steps of the flow assay, in order: compensate, thresholds, gate, summary."""
