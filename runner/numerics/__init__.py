"""What jobs and sources share: noise, observed rows, Gram sums and the ridge path."""
