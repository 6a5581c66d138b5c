/* SPDX-License-Identifier: MIT */
/* verify --bundle: reads the file, and says what it proves and what it does not. */
#include "ctl-bundle.h"
#include "ctl-text.h"
#include "ctl.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/timefmt.h"

#define PIECE_BYTES    (256 * 1024)
#define PROGRESS_LINES 1000

struct check {
	struct ctl *ctl;
	struct bundle bundle;
	FILE *file;
	int64_t bytes, done; /* of the file, 0 unknown; read */
	struct buf rest;     /* read, and not yet a whole line */
	struct bundle_trust trust;
	struct bundle_checkpoint checkpoint;
	uint8_t public_key[32];
	bool shown;
};

/* ---- what is known from elsewhere ---- */

/* All of a small file, with a zero behind it. status. */
static int read_small(const char *path, char out[LIMIT_CHECKPOINT_BYTES + 1], size_t *ret_len)
{
	FILE *f = fopen(path, "re");

	*ret_len = f ? fread(out, 1, LIMIT_CHECKPOINT_BYTES, f) : 0;
	if (!f || ferror(f)) {
		int error = errno;

		if (f)
			fclose(f);
		return ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", path, strerror(error));
	}
	out[*ret_len] = '\0';
	fclose(f);
	return 0;
}

static int read_trust(struct check *c)
{
	const char *key = c->ctl->option[OPT_PUBLIC_KEY], *point = c->ctl->option[OPT_CHECKPOINT];
	char text[LIMIT_CHECKPOINT_BYTES + 1];
	size_t len;
	int status = 0, r;

	if (key) {
		status = read_small(key, text, &len);
		text[strcspn(text, "\r\n")] = '\0';
		if (status == 0 && chain_unhex(text, c->public_key, sizeof(c->public_key)) < 0)
			status = ctl_fail(EXIT_NO_INPUT,
					  "%s is no public key: 64 hex digits, as `public_key` of "
					  "a checkpoint",
					  key);
		c->trust.public_key = c->public_key;
	}
	if (status == 0 && point) {
		status = read_small(point, text, &len);
		r = status == 0 ? bundle_checkpoint_parse(&c->checkpoint, text, len) : 0;
		if (r == -EKEYREJECTED)
			status = ctl_fail(EXIT_NO_INPUT,
					  "the checkpoint %s was changed: its signature is wrong",
					  point);
		else if (r < 0)
			status = ctl_fail(EXIT_NO_INPUT,
					  "%s is no checkpoint: `stipplectl checkpoint FILE` "
					  "writes one",
					  point);
		c->trust.checkpoint = &c->checkpoint;
	}
	return status;
}

/* ---- the lines ---- */

static void show(struct check *c)
{
	if (!c->shown || c->bytes == 0 || c->bundle.line % PROGRESS_LINES != 0)
		return;
	fprintf(stderr, "\r\033[Kchecking %" PRId64 " %%", c->done * 100 / c->bytes);
}

/* Gives all whole lines in c->rest to the bundle. 0, -EUCLEAN, -ENOMEM. */
static int take_lines(struct check *c)
{
	const char *at = c->rest.data, *end = at + c->rest.len, *feed;
	int r = 0;

	while (r == 0 && at < end && (feed = memchr(at, '\n', (size_t)(end - at)))) {
		r = bundle_line(&c->bundle, at, (size_t)(feed - at));
		at = feed + 1;
		show(c);
	}
	/* what is longer than a line may be is given as it is, to be refused */
	if (r == 0 && end - at > (ptrdiff_t)LIMIT_BUNDLE_LINE)
		return bundle_line(&c->bundle, at, (size_t)(end - at));
	if (r == 0) {
		memmove(c->rest.data, at, (size_t)(end - at));
		c->rest.len = (size_t)(end - at);
		c->rest.data[c->rest.len] = '\0';
	}
	return r;
}

/* 0, -EUCLEAN, -ENOMEM, or why it cannot be read. */
static int read_lines(struct check *c)
{
	_cleanup_(freep) char *piece = malloc(PIECE_BYTES);
	size_t n;
	int r = 0;

	if (!piece)
		return -ENOMEM;
	while (r == 0 && (n = fread(piece, 1, PIECE_BYTES, c->file)) > 0) {
		c->done += (int64_t)n;
		buf_add(&c->rest, piece, n);
		r = c->rest.error < 0 ? c->rest.error : take_lines(c);
	}
	if (r == 0 && ferror(c->file))
		return errno ? -errno : -EIO;
	/* without its line feed it is half a line; behind the end it is nothing of the bundle's */
	if (r == 0)
		r = bundle_end(&c->bundle);
	return r == 0 && c->rest.len > 0 ? bundle_line(&c->bundle, c->rest.data, c->rest.len) : r;
}

/* ---- what is said ---- */

static void say_period(const struct bundle *b)
{
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX], at[TIME_TEXT_MAX];
	struct buf zone = BUF_INIT(0);

	/* nobody signed it: it must not look like more than it is */
	text_add_safe(&zone, b->zone, strlen(b->zone));
	printf("entries: %" PRId64 " to %" PRId64 ", without gaps; %" PRId64
	       " of them in the period\n",
	       b->first, b->last, b->in_period);
	printf("period: from %s to before %s (zone of the clinic: %s)\n",
	       time_format_utc(b->since_us, since), time_format_utc(b->until_us, until),
	       zone.data ? zone.data : "");
	buf_done(&zone);
	printf("signed: %s, by the key of the record %016" PRIx64 "\n",
	       time_format_utc(b->signed_us, at), b->host_id);
	printf("runs: %" PRId64 ", with the digests of their cycles, and their summaries\n",
	       b->runs);
	printf("personal values: %" PRId64 ", erased: %" PRId64 "%s\n", b->values, b->erased,
	       b->personal == BUNDLE_NONE     ? " (the bundle was made without them)"
	       : b->personal == BUNDLE_NUMBER ? " (references of clients only)"
					      : "");
}

static void say_proven(const struct check *c)
{
	const struct bundle *b = &c->bundle;
	char at[TIME_TEXT_MAX];

	puts("proven: these entries follow each other in the record of the key's holder, and "
	     "nothing in them was changed, left out or put in");
	if (b->first == 1)
		puts("proven: nothing was written in the period before them: the record begins "
		     "here");
	else
		printf("proven: nothing was written in the period before them: entry %" PRId64
		       " is older\n",
		       b->first);
	if (b->newest_us >= b->until_us)
		printf("proven: nothing was written in the period after them: entry %" PRId64
		       ", or one before it, is newer\n",
		       b->last);
	else
		printf("NOT proven: what was written after %s: the bundle was signed before the "
		       "period was over\n",
		       time_format_utc(b->signed_us, at));
	if (b->backward > 0)
		printf("note: the clock of the record's computer was set back %" PRId64
		       " times among these entries; their order is that of their numbers\n",
		       b->backward);
}

static void say_trust(const struct check *c)
{
	const struct bundle *b = &c->bundle;
	const struct bundle_checkpoint *p = c->trust.checkpoint;
	char hex[2 * 32 + 1];

	chain_hex(b->public_key, sizeof(b->public_key), hex);
	if (c->trust.public_key)
		printf("proven: it is of the holder of the key that you named (%s)\n", hex);
	if (p && b->meets_checkpoint)
		printf("proven: entry %" PRId64
		       " is still as it was when the checkpoint was taken\n",
		       p->head.seq);
	else if (p)
		printf("proven: it is of the key of the checkpoint. NOT proven: that it goes with "
		       "entry %" PRId64 " of the checkpoint, which is not among its entries\n",
		       p->head.seq);
	if (!c->trust.public_key && !p)
		printf("NOT proven: whose key it is. Anybody can make a bundle with a key of their "
		       "own: compare this one with what you have from elsewhere, or name it by "
		       "--public-key or --checkpoint: %s\n",
		       hex);
	puts("NOT proven: that what was entered is true, and what happened but was never entered; "
	     "cycles themselves are not in a bundle, only their digests");
}

static int say(const struct check *c, const char *path, int r)
{
	if (r == -ENOMEM)
		return ctl_fail_memory();
	if (r == -EUCLEAN) {
		struct buf safe = BUF_INIT(0);

		text_add_safe(&safe, c->bundle.problem, strlen(c->bundle.problem));
		printf("the bundle does NOT hold: line %" PRId64 ": %s.\n", c->bundle.line,
		       safe.data ? safe.data : "");
		buf_done(&safe);
		return EXIT_NONE_SUCH;
	}
	if (r < 0)
		return ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", path, strerror(-r));
	say_period(&c->bundle);
	say_proven(c);
	say_trust(c);
	puts("the bundle holds");
	return 0;
}

static int open_bundle(struct check *c, const char *path)
{
	struct stat st;

	c->file = streq(path, "-") ? stdin : fopen(path, "re");
	if (!c->file)
		return ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fileno(c->file), &st) == 0 && S_ISREG(st.st_mode))
		c->bytes = st.st_size;
	c->shown = isatty(STDERR_FILENO) && c->bytes > 0;
	return 0;
}

static int check_options(struct ctl *ctl)
{
	static const enum ctl_option_id others[] = {OPT_DATABASE, OPT_KEY, OPT_CONFIG};

	for (size_t i = 0; i < ELEMENTSOF(others); i++)
		if (ctl->option[others[i]])
			return ctl_fail(EXIT_USAGE,
					"--%s is about a database, and --bundle needs none%s",
					ctl_options[others[i]].name,
					others[i] == OPT_KEY ? "; a key that is known goes with "
							       "--public-key"
							     : "");
	return 0;
}

int ctl_bundle_verify(struct ctl *ctl)
{
	const char *path = ctl->option[OPT_BUNDLE];
	struct check c = {.ctl = ctl, .rest = BUF_INIT(LIMIT_BUNDLE_LINE + 2 * PIECE_BYTES)};
	int status, r;

	if (sodium_init() < 0)
		return ctl_fail_memory();
	status = check_options(ctl);
	if (status == 0)
		status = read_trust(&c);
	if (status == 0)
		status = open_bundle(&c, path);
	if (status != 0)
		return status;
	bundle_init(&c.bundle, &c.trust);
	errno = 0;
	r = read_lines(&c);
	if (c.shown)
		fputs("\r\033[K", stderr);
	status = say(&c, path, r);
	bundle_done(&c.bundle);
	buf_done(&c.rest);
	if (c.file != stdin)
		fclose(c.file);
	return status;
}
