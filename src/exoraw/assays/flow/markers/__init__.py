"""Surface markers and dyes against their own controls: CD44+/CD24-, ALDEFLUOR, MFI, bead counts, uptake."""
