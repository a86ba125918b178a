"""Linear filters of Compton-y maps: apertures and matched filters, and the pressure profile that they look for."""
