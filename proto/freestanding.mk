# Penwire needs nothing but mem*(): proven on the objects themselves.

.PHONY: check-freestanding
check-freestanding:		## prove that proto/ needs nothing but mem*(); flash and RAM of the pen side on Cortex-M0+
	@python3 proto/freestanding.py $(B) $(CLANG) $(CC)
