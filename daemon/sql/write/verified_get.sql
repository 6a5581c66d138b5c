SELECT at_us, entry, problem FROM verified
