"""Charts drawn on the server as SVG: pure functions, presentation by CSS classes alone."""
