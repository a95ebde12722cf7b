"""What several rooms show alike: notices, jobs, links, and failures in the person's language."""
