"""What changes when a model is trained again."""
