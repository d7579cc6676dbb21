"""The search over strategies and hyper-parameters: its space, its objectives, its trials, their front."""
