/* SPDX-License-Identifier: ISC */
#include "jsonout.h"

#include <assert.h>
#include <inttypes.h>

/* RFC 8259, 7. */
static void quoted(FILE *file, const char *text)
{
	putc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(file, "\\u%04x", c);
		else
			putc(c, file);
	}
	putc('"', file);
}

static void begin(struct jsonout *j, const char *key)
{
	if (j->any[j->depth])
		putc(',', j->file);
	j->any[j->depth] = true;
	if (key == NULL)
		return;
	quoted(j->file, key);
	putc(':', j->file);
}

static void enter(struct jsonout *j, const char *key, char open, char close)
{
	begin(j, key);
	putc(open, j->file);
	j->depth++;
	assert(j->depth < JSONOUT_DEPTH);
	j->any[j->depth] = false;
	j->close[j->depth] = close;
}

void jsonout_object(struct jsonout *j, const char *key)
{
	enter(j, key, '{', '}');
}

void jsonout_array(struct jsonout *j, const char *key)
{
	enter(j, key, '[', ']');
}

void jsonout_end(struct jsonout *j)
{
	putc(j->close[j->depth], j->file);
	j->depth--;
	if (j->depth > 0)
		return;
	putc('\n', j->file);
	j->any[0] = false;
}

void jsonout_text(struct jsonout *j, const char *key, const char *text)
{
	begin(j, key);
	quoted(j->file, text);
}

void jsonout_number(struct jsonout *j, const char *key, uint64_t n)
{
	begin(j, key);
	fprintf(j->file, "%" PRIu64, n);
}

void jsonout_ms(struct jsonout *j, const char *key, uint64_t ns)
{
	begin(j, key);
	fprintf(j->file, "%" PRIu64 ".%03u", ns / 1000000,
		(unsigned int)(ns / 1000 % 1000));
}

void jsonout_bool(struct jsonout *j, const char *key, bool yes)
{
	begin(j, key);
	fputs(yes ? "true" : "false", j->file);
}
