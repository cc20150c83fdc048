"""The files of a run in progress: journal, samples and answers, and their readers."""
