"""What a user calls: tune, evaluate, predict, report, load, demo."""
