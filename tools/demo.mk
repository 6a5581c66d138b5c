.PHONY: demo
demo:				## show all of it with simulated pens, under a minute; KEEP=1 leaves it running
	@tools/deps demo
	@echo "building (nothing is printed when all is well) ..."
	+@$(MAKE) --no-print-directory -s -j$(JOBS) all >/dev/null
	@KEEP=$(KEEP) tools/demo.sh $(B)
