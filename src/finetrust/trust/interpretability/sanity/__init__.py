"""Can explanations be trusted: do they follow the network, stay when nothing matters, add up, agree."""
