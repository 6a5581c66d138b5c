# Debian's packages: what is missing is installed, what is there is passed over in silence.

deps:				## install what building needs
	@tools/deps build
deps-test:			## install what the tests need, too
	@tools/deps test
