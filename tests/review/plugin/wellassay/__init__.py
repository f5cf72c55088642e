"""A plate reader with nothing in common with gates: what the frame of the review must carry as well."""
