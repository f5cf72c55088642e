"""The common schema, the results folder and its exports. Knows no assay and no engine."""
