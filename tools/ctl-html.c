/* SPDX-License-Identifier: MIT */
#include "ctl-html.h"

#include "ctl-text.h"

#define UNBROKEN                                                                                   \
	24 /* letters without a blank, behind which a line may end all the same: hashes, serial    \
	      numbers */

static bool is_digits(const char *p, size_t n)
{
	while (n > 0 && *p >= '0' && *p <= '9') {
		p++;
		n--;
	}
	return n == 0;
}

/* Length of the day (2026-11-20) or month that begins at @p, which @text has before it: a browser
 * would break it at its hyphens. 0: none. */
static size_t date_at(const char *text, const char *p)
{
	size_t n = 7;

	if (p > text && (is_digits(p - 1, 1) || p[-1] == '-'))
		return 0;
	if (!is_digits(p, 4) || p[4] != '-' || !is_digits(p + 5, 2))
		return 0;
	if (p[7] == '-' && is_digits(p + 8, 2))
		n = 10;
	return is_digits(p + n, 1) || p[n] == '-' ? 0 : n;
}

/* Whether the blank at @p parts a number's thousands: no line ends there. */
static bool is_thousands(const char *text, const char *p)
{
	return p > text && is_digits(p - 1, 1) && is_digits(p + 1, 3) && !is_digits(p + 4, 1);
}

/* @breaks: long words may be broken, days and numbers are not. */
static void add_escaped(struct buf *b, const char *text, size_t len, bool breaks)
{
	struct buf safe = BUF_INIT(0);
	size_t letters = 0;

	text_add_safe(&safe, text, len);
	for (size_t i = 0; i < safe.len; i++) {
		char c = safe.data[i];
		size_t date = breaks ? date_at(safe.data, safe.data + i) : 0;

		if (date > 0) {
			buf_addf(b, "<span class=\"nowrap\">%.*s</span>", (int)date, safe.data + i);
			i += date - 1;
			letters += date;
			continue;
		}
		if (c == ' ' && breaks && is_thousands(safe.data, safe.data + i)) {
			buf_adds(b, "\xc2\xa0");
			letters++;
			continue;
		}
		letters = c == ' ' ? 0 : letters + (((unsigned char)c & 0xc0) != 0x80);
		if (breaks && letters > UNBROKEN && ((unsigned char)c & 0xc0) != 0x80) {
			buf_adds(b, "<wbr/>");
			letters = 1;
		}
		switch (c) {
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
			buf_addc(b, c);
		}
	}
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
 * The size of the page is the printer's: A4 and Letter differ in what fits below, nothing else. */
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
	".fine{font-size:8.5pt;color:#333}\n"
	".box{border:.5mm solid #000;padding:1.5mm 2.5mm;margin:2mm 0 3mm;break-inside:avoid}\n"
	".box p{margin:0}\n"
	"table{border-collapse:collapse;width:100%;margin:0 0 2mm}\n"
	"th:last-child,td:last-child{padding-right:0}\n"
	"thead{display:table-header-group}\n"
	"tr{break-inside:avoid}\n"
	"th,td{text-align:left;vertical-align:top;padding:.5mm 3mm .5mm 0}\n"
	"thead th{border-bottom:.3mm solid #000;font-size:8.5pt;vertical-align:bottom}\n"
	"tbody tr+tr td,tbody tr+tr th{border-top:.1mm solid #bbb}\n"
	".dense{font-size:8.5pt}\n"
	".dense thead th{font-size:8pt}\n"
	".pairs th{width:42mm;font-weight:normal;color:#333}\n"
	".pairs tr+tr td,.pairs tr+tr th{border-top:.1mm solid #ddd}\n"
	".number{text-align:right;white-space:nowrap}\n"
	".nowrap{white-space:nowrap}\n"
	".gap{font-weight:bold;text-transform:uppercase;font-size:.9em}\n"
	"figure{margin:2mm 0 3mm;break-inside:avoid}\n"
	"figcaption{font-size:8.5pt;color:#333}\n"
	"svg{display:block;width:100%;height:auto}\n"
	"svg text{font-family:\"Helvetica Neue\",Arial,\"Liberation Sans\",\"DejaVu "
	"Sans\",sans-serif}\n"
	".signs{display:flex;gap:8mm;margin-top:14mm;break-inside:avoid}\n"
	".signs div{flex:1;border-top:.3mm solid #000;padding-top:1mm;font-size:8.5pt}\n"
	"@media screen{html{background:#ddd}body{background:#fff;max-width:190mm;margin:0 "
	"auto;min-height:100vh}}\n"
	"@media print{main{max-width:none;padding:0 .6mm}h1{margin-top:0}}\n";

void html_begin(struct buf *b, const char *title, const char *running)
{
	buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		    "&#39;none&#39;; style-src &#39;unsafe-inline&#39;\"/>\n"
		    "<meta name=\"viewport\" content=\"width=device-width\"/>\n");
	html_element(b, "title", NULL, title);
	buf_addf(b,
		 "<style>\n%s@page{margin:14mm 14mm 18mm;@bottom-left{content:\"%s\";font:8pt "
		 "sans-serif}"
		 "@bottom-right{content:\"page \" counter(page) \" of \" counter(pages);font:8pt "
		 "sans-serif}}\n</style>\n",
		 style, running);
	buf_adds(b, "</head>\n<body>\n<main>\n");
}

void html_end(struct buf *b)
{
	buf_adds(b, "</main>\n</body>\n</html>\n");
}
