.PHONY: bench
bench: deps			## measure against the design's numbers and against a script that does the same
	+@$(MAKE) --no-print-directory -j$(JOBS) all $(B)/bench
	@$(B)/bench --build $(B) $(BENCH)
