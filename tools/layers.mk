# Who may include whom.

.PHONY: check-layers
check-layers:			## check who includes whom (tools/layers.awk)
	@AWK="$(AWK)" tools/check-layers
