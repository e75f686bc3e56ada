"""Models, understanding, grounding and the teams."""
