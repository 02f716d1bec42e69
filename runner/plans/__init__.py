"""From spec to job runs: their keys, why they would run, what they would cost."""
