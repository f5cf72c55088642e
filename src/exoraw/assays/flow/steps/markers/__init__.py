"""The steps of the strategies with matched controls: CD44/CD24, ALDEFLUOR, surface markers, uptake."""
