"""What of a band's signal is not the band: the methods of background, and the noise of an empty place."""
