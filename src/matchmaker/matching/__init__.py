"""From a problem and profiles to a shortlist: ``matcher`` ranks what ``score`` makes of similarities, a file each."""
