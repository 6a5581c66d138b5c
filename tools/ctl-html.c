/* SPDX-License-Identifier: MIT */
#include "ctl-html.h"

#include "ctl-text.h"

/* Letters without a blank, behind which a line may end all the same: hashes, serial numbers. */
#define UNBROKEN 24
/* Letters of a word with hyphens and digits that stays on one line. */
#define CODE	 16

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of the word that begins at @p of @text when it is a day, a number, a lot: with digits and
 * hyphens, at which a browser would break it. 0: it is none, or is long. */
static size_t code_at(const char *text, const char *p)
{
	bool digit = false, hyphen = false;
	size_t n = 0;

	if (p > text && (is_alnum(p[-1]) || p[-1] == '-' || (p[-1] & 0x80)))
		return 0;
	for (; is_alnum(p[n]) || p[n] == '-'; n++) {
		digit = digit || is_digit(p[n]);
		hyphen = hyphen || p[n] == '-';
	}
	return digit && hyphen && n <= CODE ? n : 0;
}

/* Whether the blank at @p parts a number's thousands: no line ends there. */
static bool is_thousands(const char *text, const char *p)
{
	return p > text && is_digit(p[-1]) && is_digit(p[1]) && is_digit(p[2]) && is_digit(p[3]) &&
	       !is_digit(p[4]);
}

/* The character at @p, which is well-formed UTF-8, and its bytes. */
static uint32_t decode(const char *p, size_t *ret_len)
{
	unsigned char c = (unsigned char)*p;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? c : c & (0x7fU >> n);

	for (size_t i = 1; i < n && p[i]; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	*ret_len = n;
	return code;
}

/* Written from right to left: Hebrew, Arabic and their neighbours. */
static bool is_rtl(uint32_t code)
{
	return (code >= 0x0590 && code <= 0x08ff) || (code >= 0xfb1d && code <= 0xfdff) ||
	       (code >= 0xfe70 && code <= 0xfeff) || (code >= 0x10800 && code <= 0x10fff) ||
	       (code >= 0x1e800 && code <= 0x1efff);
}

/* Bytes of what is written from right to left at @p, with the blanks and signs within it. */
static size_t rtl_at(const char *p)
{
	size_t at = 0, end = 0, n;

	while (p[at]) {
		uint32_t code = decode(p + at, &n);

		if (!is_rtl(code) && (code >= 0x80 || is_alnum((char)code)))
			break;
		at += n;
		end = is_rtl(code) ? at : end;
	}
	return end;
}

static void add_letters(struct buf *b, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (p[i]) {
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		case '\'':
			buf_adds(b, "&#39;");
			break;
		default:
			buf_addc(b, p[i]);
		}
	}
}

/*
 * A line of text: long words may be broken, numbers and codes are not, and a name that is written
 * from right to left does not take the digits beside it along.
 */
static void add_running(struct buf *b, const char *text, size_t len)
{
	size_t letters = 0, n;

	for (size_t i = 0; i < len; i += n) {
		char c = text[i];
		bool starts = ((unsigned char)c & 0xc0) != 0x80;

		if ((n = code_at(text, text + i)) > 0) {
			buf_addf(b, "<span class=\"nowrap\">%.*s</span>", (int)n, text + i);
			letters += n;
			continue;
		}
		if (starts && (unsigned char)c >= 0x80 && (n = rtl_at(text + i)) > 0) {
			buf_adds(b, "<bdi>");
			add_letters(b, text + i, n);
			buf_adds(b, "</bdi>");
			letters = 0;
			continue;
		}
		n = 1;
		if (c == ' ' && is_thousands(text, text + i)) {
			buf_adds(b, "\xc2\xa0");
			letters++;
			continue;
		}
		letters = c == ' ' ? 0 : letters + starts;
		if (letters > UNBROKEN && starts) {
			buf_adds(b, "<wbr/>");
			letters = 1;
		}
		add_letters(b, &c, 1);
	}
}

static void add_escaped(struct buf *b, const char *text, size_t len, bool running)
{
	struct buf safe = BUF_INIT(0);

	text_add_safe(&safe, text, len);
	if (running && safe.data)
		add_running(b, safe.data, safe.len);
	else if (safe.data)
		add_letters(b, safe.data, safe.len);
	if (safe.error < 0)
		b->error = safe.error;
	buf_done(&safe);
}

void html_text(struct buf *b, const char *text)
{
	if (text)
		add_escaped(b, text, strlen(text), false);
}

void html_lines(struct buf *b, const char *text)
{
	for (const char *p = text; p && *p;) {
		size_t n = strcspn(p, "\n");

		add_escaped(b, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n, true);
		p += n;
		if (*p == '\n') {
			p++;
			buf_adds(b, *p ? "<br/>" : "");
		}
	}
}

void html_element(struct buf *b, const char *tag, const char *class, const char *text)
{
	buf_addf(b, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
	if (streq(tag, "title"))
		html_text(b, text); /* has no elements in it */
	else
		html_lines(b, text);
	buf_addf(b, "</%s>\n", tag);
}

/* Shades of grey only, and nothing that is told by a background alone: it is printed, and copied.
 * The size of the page is the printer's: A4 and Letter differ in what fits below, nothing else. On
 * paper small tables stay whole, and nobody signs on a sheet of its own. On a phone tables are
 * moved sideways, not squeezed. */
static const char style[] =
	":root{color-scheme:light}\n"
	"html{font:10pt/1.35 \"Helvetica Neue\",Arial,\"Liberation Sans\",\"DejaVu "
	"Sans\",sans-serif;color:#000;background:#fff}\n"
	"body{margin:0}\n"
	"main{max-width:182mm;margin:0 auto;padding:6mm 4mm}\n"
	"h1{font-size:16pt;margin:0 0 1mm}\n"
	"h2{font-size:11.5pt;margin:5mm 0 1.5mm;border-bottom:.4mm solid #000;break-after:avoid}\n"
	"p{margin:0 0 1.5mm}\n"
	".under{margin:0 0 3mm}\n"
	".fine{font-size:8.5pt;color:#333;break-before:avoid}\n"
	".box{border:.5mm solid #000;padding:1.5mm 2.5mm;margin:2mm 0 3mm;break-inside:avoid}\n"
	".box p{margin:0}\n"
	"table{border-collapse:collapse;width:100%;margin:0 0 2mm}\n"
	"th:last-child,td:last-child{padding-right:0}\n"
	"thead{display:table-header-group}\n"
	"tr,.short{break-inside:avoid}\n"
	"table:not(.shared) tbody tr:nth-child(-n+2):not(:last-child),tbody "
	"tr:nth-last-child(2){break-after:avoid}\n"
	".shared{table-layout:fixed;overflow-wrap:break-word}\n"
	"th,td{text-align:left;vertical-align:top;padding:.5mm 3mm .5mm 0}\n"
	"thead th{border-bottom:.3mm solid #000;font-size:8.5pt;vertical-align:bottom}\n"
	"tbody tr+tr td,tbody tr+tr th{border-top:.1mm solid #bbb}\n"
	".s9{width:9%}.s10{width:10%}.s12{width:12%}.s14{width:14%}.s16{width:16%}.s18{width:18%}"
	".s20{width:20%}.s22{width:22%}\n"
	".dense{font-size:8.5pt}\n"
	".dense thead th{font-size:8pt}\n"
	".pairs th{width:42mm;font-weight:normal;color:#333}\n"
	".pairs tr+tr td,.pairs tr+tr th{border-top:.1mm solid #ddd}\n"
	".number{text-align:right;white-space:nowrap}\n"
	".nowrap{white-space:nowrap}\n"
	".gap{font-weight:bold;text-transform:uppercase;font-size:.9em}\n"
	"figure{margin:2mm 0 3mm;break-inside:avoid}figure+figure{break-before:avoid}\n"
	"figcaption{font-size:8.5pt;color:#333}\n"
	"svg{display:block;width:100%;height:auto}\n"
	"svg text{font-family:\"Helvetica Neue\",Arial,\"Liberation Sans\",\"DejaVu "
	"Sans\",sans-serif}\n"
	".signs{display:flex;gap:8mm;margin-top:14mm;break-inside:avoid;break-before:avoid}\n"
	"h2:has(+.signs),h2:has(+.wide+.signs){break-before:avoid}\n"
	".signs div{flex:1;border-top:.3mm solid #000;padding-top:1mm;font-size:8.5pt}\n"
	"@media screen{html{background:#ddd}body{background:#fff;max-width:190mm;margin:0 "
	"auto;min-height:100vh}.wide{overflow-x:auto}}\n"
	"@media screen and (max-width:640px){.wide table:not(.pairs),figure svg{min-width:180mm}"
	"figure{overflow-x:auto}.pairs th{width:33%}.signs{flex-direction:column;gap:16mm}}\n"
	"@media print{main{max-width:none;padding:0 .6mm}h1{margin-top:0}}\n";

/* @text within a string of the style sheet. */
static void add_css(struct buf *b, const char *text)
{
	struct buf safe = BUF_INIT(0);

	text_add_safe(&safe, text, strlen(text));
	for (size_t i = 0; i < safe.len; i++) {
		unsigned char c = (unsigned char)safe.data[i];

		if (c >= 0x80 || is_alnum((char)c) || strchr(" #,.:-", c))
			buf_addc(b, (char)c);
		else
			buf_addf(b, "\\%02x ", c);
	}
	if (safe.error < 0)
		b->error = safe.error;
	buf_done(&safe);
}

void html_begin(struct buf *b, const char *title, const char *running)
{
	buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		    "&#39;none&#39;; style-src &#39;unsafe-inline&#39;\"/>\n"
		    "<meta name=\"viewport\" content=\"width=device-width\"/>\n");
	html_element(b, "title", NULL, title);
	buf_addf(b, "<style>\n%s@page{margin:14mm 14mm 18mm;@bottom-left{content:\"", style);
	add_css(b, running);
	buf_adds(b, "\";font:8pt sans-serif}@bottom-right{content:\"page \" counter(page) \" of \" "
		    "counter(pages);font:8pt sans-serif}}\n</style>\n");
	buf_adds(b, "</head>\n<body>\n<main>\n");
}

void html_end(struct buf *b)
{
	buf_adds(b, "</main>\n</body>\n</html>\n");
}
