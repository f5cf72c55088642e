"""What is asked: study file, sample sheet, plate maps, exclusions and corrections. Knows no assay."""
