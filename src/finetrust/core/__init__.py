"""What everything else speaks in: errors, registries, measures, profiles, predictions, folders."""
