"""Ground floor: guarded opening of files, text encodings, errors, and what is known of a raw file."""
