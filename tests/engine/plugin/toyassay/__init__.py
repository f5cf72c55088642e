"""An assay whose raw files say how they want to misbehave: what the engine's tests analyse."""
