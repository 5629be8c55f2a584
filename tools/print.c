/* SPDX-License-Identifier: ISC */
#include "print.h"

#include <assert.h>
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ECMA-48, 8.3.117 (SGR). */
static const char *const paints[] = {
	[PAINT_PLAIN] = "", [PAINT_HEAD] = "\033[1m", [PAINT_GOOD] = "\033[32m",
	[PAINT_WARN] = "\033[33m", [PAINT_BAD] = "\033[31m",
};
static_assert(NITEMS(paints) == PAINT__N, "one for each");

enum { WIDTH_MIN = 20, WIDTH_MAX = 200, WIDTH_USUAL = 80, LABEL = 15 };

static unsigned int columns(void)
{
	const char *env = getenv("COLUMNS");
	struct winsize w;
	long n = env != NULL ? strtol(env, NULL, 10) : 0;

	if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0)
		n = w.ws_col;
	if (n <= 0)
		n = WIDTH_USUAL;
	return n < WIDTH_MIN ? WIDTH_MIN :
	       n > WIDTH_MAX ? WIDTH_MAX : (unsigned int)n;
}

void print_init(struct print *p, bool plain)
{
	const char *no_color = getenv("NO_COLOR");
	bool terminal = isatty(STDOUT_FILENO) == 1;

	setlocale(LC_CTYPE, "");
	*p = (struct print){
		.file = stdout, .width = columns(), .label = LABEL,
		.colour = terminal && !plain &&
			  (no_color == NULL || no_color[0] == '\0'),
		.blocks = terminal &&
			  strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}

/* ---- hostile text */

struct glyph {
	unsigned int len;	/* octets, 1..4 */
	uint32_t code;		/* UINT32_MAX: not UTF-8 */
};

/* RFC 3629, 3; lazily: what is not exactly a character is escaped anyhow. */
static struct glyph glyph_at(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	unsigned int len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 :
			   c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	uint32_t code = len == 1 ? c : c & (0xffu >> (len + 1));

	for (unsigned int i = 1; i < len; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			len = 0;
		else
			code = code << 6 | ((unsigned char)text[i] & 0x3fu);
	}
	return len == 0 ? (struct glyph){ 1, UINT32_MAX }
			: (struct glyph){ len, code };
}

/* C0, DEL and C1; line and paragraph separators; what turns the direction. */
static bool harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x2069) || code == 0xfeff ||
	       code == 0x061c;
}

/* What is shown for the glyph; its octets. */
static unsigned int escape(const char *text, struct glyph g, char out[static 16])
{
	int n;

	if (g.code == UINT32_MAX || (harmful(g.code) && g.code < 0x80))
		n = snprintf(out, 16, "\\x%02x", (unsigned char)text[0]);
	else if (harmful(g.code))
		n = snprintf(out, 16, "\\u{%x}", (unsigned int)g.code);
	else
		n = snprintf(out, 16, "%.*s", (int)g.len, text);
	return (unsigned int)n;
}

static void print_but(FILE *file, const char *text, const char *kept)
{
	char out[16];

	while (*text != '\0') {
		struct glyph g = glyph_at(text);
		unsigned int n = escape(text, g, out);

		if (g.len == 1 && strchr(kept, *text) != NULL)
			fputc(*text, file);
		else
			fwrite(out, 1, n, file);
		text += g.len;
	}
}

void print_text(FILE *file, const char *text)
{
	print_but(file, text, "");
}

void print_lines(FILE *file, const char *text)
{
	print_but(file, text, "\n\t");
}

unsigned int print_width(const char *text)
{
	unsigned int width = 0;
	char out[16];

	while (*text != '\0') {
		struct glyph g = glyph_at(text);

		width += g.code < 0x7f || harmful(g.code) ||
			 g.code == UINT32_MAX ? escape(text, g, out) : 1;
		text += g.len;
	}
	return width;
}

/* ---- rows */

void print_painted(struct print *p, enum print_paint paint, const char *text)
{
	bool colour = p->colour && paint != PAINT_PLAIN;

	if (colour)
		fputs(paints[paint], p->file);
	print_text(p->file, text);
	if (colour)
		fputs("\033[0m", p->file);
}

static void spaces(struct print *p, unsigned int n)
{
	fprintf(p->file, "%*s", (int)n, "");
}

void print_padded(struct print *p, unsigned int width, const char *text)
{
	unsigned int n = print_width(text);

	print_text(p->file, text);
	spaces(p, n < width ? width - n : 0);
}

void print_head(struct print *p, const char *head, enum print_paint paint,
		const char *text)
{
	print_painted(p, PAINT_HEAD, head);
	fputs(": ", p->file);
	print_painted(p, paint, text);
	fputc('\n', p->file);
}

/* Returns the column behind it. */
static unsigned int put_label(struct print *p, const char *text)
{
	unsigned int n = print_width(text) + 1;

	fputs("  ", p->file);
	print_text(p->file, text);
	fputc(':', p->file);
	if (n >= p->label) {
		fputc(' ', p->file);
		return n + 3;
	}
	spaces(p, p->label + 1 - n);
	return p->label + 3;
}

void print_row(struct print *p, const char *label, enum print_paint paint,
	       const char *text)
{
	put_label(p, label);
	print_painted(p, paint, text);
	fputc('\n', p->file);
}

void print_list_begin(struct print_list *l, struct print *p, const char *label)
{
	*l = (struct print_list){ .print = p, .column = put_label(p, label) };
}

void print_list_item(struct print_list *l, const char *text)
{
	struct print *p = l->print;
	unsigned int n = print_width(text);

	if (l->any) {
		fputc(',', p->file);
		l->column++;
		/* One more column for this item's own comma. */
		if (l->column + 1 + n + 1 > p->width) {
			fputc('\n', p->file);
			spaces(p, p->label + 3);
			l->column = p->label + 3;
		} else {
			fputc(' ', p->file);
			l->column++;
		}
	}
	print_text(p->file, text);
	l->column += n;
	l->any = true;
}

void print_list_end(struct print_list *l)
{
	if (!l->any)
		fputs("none", l->print->file);
	fputc('\n', l->print->file);
}
