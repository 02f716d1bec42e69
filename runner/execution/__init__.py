"""Run what is missing, cache fits, file results; the one place that imports a job."""
