"""The steps of the blot assay."""
