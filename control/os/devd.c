/* SPDX-License-Identifier: ISC */
#include "os/devd.h"

#include <string.h>

#include "compat.h"

static const struct {
	const char *subsystem;
	enum devd_word word;
} words[] = {
	{ "Suspend", DEVD_SLEEP }, { "Resume", DEVD_WAKE },
};

/* The value of key, between blanks or quotes; its length, 0: there is none. */
static size_t value_of(const char *text, size_t len, const char *key,
		       const char **value)
{
	size_t n = strlen(key), size = 0;

	/* What shrinks: the text, by a word or a quoted value. */
	while (len > n && (memcmp(text, key, n) != 0 || text[n] != '=')) {
		size_t step = 0;

		while (step < len && text[step] != ' ' && text[step] != '"')
			step++;
		if (step < len && text[step] == '"') {
			const char *end = memchr(text + step + 1, '"',
						 len - step - 1);

			step = end == NULL ? len - 1 : (size_t)(end - text);
		}
		text += step + 1 < len ? step + 1 : len;
		len -= step + 1 < len ? step + 1 : len;
	}
	if (len <= n)
		return 0;
	*value = text + n + 1;
	len -= n + 1;
	while (size < len && (*value)[size] != ' ')
		size++;
	return size;
}

static int is(const char *value, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(value, word, len) == 0;
}

enum devd_word devd_read(const char *text, size_t len)
{
	const char *line = memchr(text, '\n', len), *system, *subsystem;
	size_t n_system, n_subsystem;

	if (line != NULL)
		len = (size_t)(line - text);
	if (len == 0 || text[0] != '!')
		return DEVD_NOTHING;
	n_system = value_of(text + 1, len - 1, "system", &system);
	n_subsystem = value_of(text + 1, len - 1, "subsystem", &subsystem);
	if (n_system == 0 || n_subsystem == 0 || !is(system, n_system, "ACPI"))
		return DEVD_NOTHING;
	for (size_t i = 0; i < NITEMS(words); i++)
		if (is(subsystem, n_subsystem, words[i].subsystem))
			return words[i].word;
	return DEVD_NOTHING;
}
