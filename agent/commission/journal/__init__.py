"""What a run writes while it goes on: its journal, samples and answers, and their readers."""
