"""The log of finished evaluations, their report, and measures of classifiers and rankings."""
