"""How dates are written where a page does not say it itself, as in the administration."""
