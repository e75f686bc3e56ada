"""Models, the intent router, the planner, grounding and the teams."""
