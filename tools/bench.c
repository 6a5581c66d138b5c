/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench.h"

static unsigned missed;

double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t count, double q)
{
	if (count == 0)
		return NAN;
	qsort(values, count, sizeof(*values), compare_double);
	return values[(size_t)(q * (double)(count - 1) + 0.5)];
}

void bench_head(const char *title)
{
	printf("\n%s\n", title);
	fflush(stdout);
}

void bench_row(const char *name, double value, const char *unit, const char *aim, bool met)
{
	char number[32];

	if (fabs(value) >= 1e6)
		snprintf(number, sizeof(number), "%.2f M", value / 1e6);
	else if (fabs(value) >= 1000)
		snprintf(number, sizeof(number), "%.0f", value);
	else
		snprintf(number, sizeof(number), "%.3f", value);
	printf("  %-46s %12s %-12s %s%s\n", name, number, unit, aim ? aim : "",
	       !aim  ? ""
	       : met ? "  met"
		     : "  MISSED");
	fflush(stdout);
	if (aim && !met)
		missed++;
}

unsigned bench_missed(void)
{
	return missed;
}

static void usage(FILE *f)
{
	fputs("Usage: bench [OPTION]... [codec|drain|live|idle|clinic]...\n"
	      "Measures stipple against what it was designed for. Without a part: all of them.\n\n"
	      "  --build DIR       programs under test (default build/plain)\n"
	      "  --rival FILE      the script to compare with (default tools/bench-rival.py)\n"
	      "  --no-rival        do not run it\n"
	      "  --pens N          pens of the drain (default 10)\n"
	      "  --hours N         hours in each pen's log (default 8)\n"
	      "  --live SECONDS    of each latency measurement (default 10)\n"
	      "  --idle SECONDS    of the idle measurement (default 30)\n"
	      "  --seed N          of the signals (default 1)\n"
	      "  --help\n",
	      f);
}

static int run_parts(const struct bench_options *o, char **parts, int n)
{
	static const struct {
		const char *name;
		int (*run)(const struct bench_options *o);
	} all[] = {
		{"codec", bench_codec},
		{"drain", bench_drain},
		{"live", bench_live},
		{"idle", bench_idle},
		{"clinic", bench_clinic},
	};

	for (int k = 0; k < n; k++) {
		bool known = false;
		for (size_t i = 0; i < ELEMENTSOF(all); i++)
			known |= streq(parts[k], all[i].name);
		if (!known) {
			fprintf(stderr, "bench: no part '%s'; there are codec, drain, live, idle, clinic\n",
				parts[k]);
			return 64;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(all); i++) {
		bool wanted = n == 0;
		for (int k = 0; k < n; k++)
			wanted |= streq(parts[k], all[i].name);
		if (!wanted)
			continue;
		int r = all[i].run(o);
		if (r < 0) {
			fprintf(stderr, "bench: %s: %s\n", all[i].name, strerror(-r));
			return 1;
		}
	}
	return 0;
}

static int parse_count(const char *text, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || v == 0 || v > max) {
		fprintf(stderr, "bench: '%s' is not a number from 1 to %u\n", text, max);
		return -EINVAL;
	}
	*ret = (unsigned)v;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"build", required_argument, NULL, 'b'}, {"rival", required_argument, NULL, 'r'},
		{"no-rival", no_argument, NULL, 'n'},	 {"pens", required_argument, NULL, 'p'},
		{"hours", required_argument, NULL, 'H'}, {"live", required_argument, NULL, 'l'},
		{"idle", required_argument, NULL, 'i'},	 {"seed", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},	 {NULL, 0, NULL, 0},
	};
	struct bench_options o = {
		.build = "build/plain",
		.rival = "tools/bench-rival.py",
		.pens = 10,
		.hours = 8,
		.live_seconds = 10,
		.idle_seconds = 30,
		.seed = 1,
	};
	unsigned seed = 1;
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (c) {
		case 'b':
			o.build = optarg;
			break;
		case 'r':
			o.rival = optarg;
			break;
		case 'n':
			o.skip_rival = true;
			break;
		case 'p':
			r = parse_count(optarg, 64, &o.pens);
			break;
		case 'H':
			r = parse_count(optarg, 24, &o.hours);
			break;
		case 'l':
			r = parse_count(optarg, 3600, &o.live_seconds);
			break;
		case 'i':
			r = parse_count(optarg, 3600, &o.idle_seconds);
			break;
		case 's':
			r = parse_count(optarg, 1000000, &seed);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 64;
		}
	}
	if (r < 0)
		return 64;
	o.seed = seed;

	char directory[] = "/tmp/stipple-bench-XXXXXX";
	if (!mkdtemp(directory)) {
		perror("bench: mkdtemp");
		return 73;
	}
	o.directory = directory;
	struct utsname host;
	uname(&host);
	printf("stipple %s, %ld cores, Linux %s; figures of one run, in the order measured\n",
	       STIPPLE_VERSION, sysconf(_SC_NPROCESSORS_ONLN), host.release);
	r = run_parts(&o, argv + optind, argc - optind);

	char command[256];
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "bench: could not remove %s\n", directory);
	if (r == 0)
		printf("\n%u figure%s missed %s aim\n", missed, missed == 1 ? "" : "s",
		       missed == 1 ? "its" : "their");
	return r;
}
