/* SPDX-License-Identifier: ISC */
#include "hostdns/plist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH = 16,	/* of values in values */
	NAME = 16,	/* of a tag, with its NUL */
	TAG = NAME + 2,	/* in angle brackets */
};

static const char head[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
	"<plist version=\"1.0\">\n";

static const struct {
	const char *entity, *text;
} entities[] = {
	{ "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
	{ "&quot;", "\"" }, { "&apos;", "'" },
};

/* --- reading --- */

struct reader {
	const char *at, *end;
};

struct tag {
	char name[NAME];
	bool closing, empty;
};

static size_t left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static const char *find(const struct reader *r, char c)
{
	return memchr(r->at, c, left(r));
}

/* The next tag, and what is behind its name skipped. */
static bool read_tag(struct reader *r, struct tag *t)
{
	const char *end;
	size_t n = 0;

	while (r->at < r->end && isspace((unsigned char)*r->at))
		r->at++;
	end = find(r, '>');
	if (end == NULL || *r->at != '<')
		return false;
	r->at++;
	t->closing = *r->at == '/';
	t->empty = end[-1] == '/';
	r->at += t->closing;
	while (n < NAME - 1 && (isalnum((unsigned char)*r->at) ||
				*r->at == '?' || *r->at == '!'))
		t->name[n++] = *r->at++;
	t->name[n] = '\0';
	r->at = end + 1;
	return n > 0;
}

static bool is_end(const struct tag *t, const char *name)
{
	return t->closing && strcmp(t->name, name) == 0;
}

/* One character of text, or of what stands for it; its length in text. */
static size_t decode(const char *text, size_t len, char *to)
{
	*to = text[0];
	if (text[0] != '&')
		return 1;
	for (size_t i = 0; i < NITEMS(entities); i++) {
		size_t n = strlen(entities[i].entity);

		if (n <= len && memcmp(text, entities[i].entity, n) == 0) {
			*to = entities[i].text[0];
			return n;
		}
	}
	return 0;
}

static json_t *decoded(const char *text, size_t len)
{
	char *to = malloc(len + 1);
	json_t *value = NULL;
	size_t n = 0, used = 1;

	if (to == NULL)
		return NULL;
	/* What shrinks: the text. */
	for (; len > 0 && used > 0; text += used, len -= used)
		used = decode(text, len, &to[n++]);
	if (used > 0)
		value = json_stringn(to, n);	/* NULL if it is not UTF-8 */
	free(to);
	return value;
}

/* Up to the end of the element t, behind which r is then. */
static json_t *read_text(struct reader *r, const struct tag *t)
{
	const char *text = r->at, *end;
	struct tag closing;

	if (t->empty)
		return json_string("");
	end = find(r, '<');
	if (end == NULL)
		return NULL;
	r->at = end;
	if (!read_tag(r, &closing) || !is_end(&closing, t->name))
		return NULL;
	return decoded(text, (size_t)(end - text));
}

static json_t *read_value(struct reader *r, const struct tag *t,
			  unsigned int depth);

static json_t *read_array(struct reader *r, const struct tag *t,
			  unsigned int depth)
{
	json_t *list = json_array();
	struct tag next;

	if (t->empty)
		return list;
	while (read_tag(r, &next)) {
		if (is_end(&next, t->name))
			return list;
		if (json_array_append_new(list, read_value(r, &next,
							   depth)) != 0)
			break;
	}
	json_decref(list);
	return NULL;
}

/* Behind <key>. */
static bool read_member(struct reader *r, const struct tag *t,
			unsigned int depth, json_t *members)
{
	json_t *key = strcmp(t->name, "key") == 0 && !t->closing ?
		      read_text(r, t) : NULL;
	struct tag next;
	bool done = key != NULL && read_tag(r, &next) &&
		    json_object_set_new(members, json_string_value(key),
					read_value(r, &next, depth)) == 0;

	json_decref(key);
	return done;
}

static json_t *read_dict(struct reader *r, const struct tag *t,
			 unsigned int depth)
{
	json_t *members = json_object();
	struct tag next;

	if (t->empty)
		return members;
	while (read_tag(r, &next)) {
		if (is_end(&next, t->name))
			return members;
		if (!read_member(r, &next, depth, members))
			break;
	}
	json_decref(members);
	return NULL;
}

static json_t *tagged(const struct tag *t, json_t *text)
{
	char key[TAG];

	snprintf(key, sizeof(key), "<%s>", t->name);
	return text == NULL ? NULL : json_pack("{s:o}", key, text);
}

static json_t *read_integer(struct reader *r, const struct tag *t)
{
	json_t *text = read_text(r, t), *value;
	const char *digits = json_string_value(text);
	char *end;
	intmax_t n;

	if (text == NULL || digits[0] == '\0') {
		json_decref(text);
		return NULL;
	}
	errno = 0;
	n = strtoimax(digits, &end, 10);
	if (errno != 0 || *end != '\0')
		return tagged(t, text);
	value = json_integer(n);
	json_decref(text);
	return value;
}

static json_t *read_bool(struct reader *r, const struct tag *t, bool truth)
{
	json_t *text = read_text(r, t);
	bool whole = text != NULL && json_string_length(text) == 0;

	json_decref(text);
	return whole ? json_boolean(truth) : NULL;
}

/* depth: shrinks with each value in a value. */
static json_t *read_value(struct reader *r, const struct tag *t,
			  unsigned int depth)
{
	if (depth == 0 || t->closing)
		return NULL;
	if (strcmp(t->name, "dict") == 0)
		return read_dict(r, t, depth - 1);
	if (strcmp(t->name, "array") == 0)
		return read_array(r, t, depth - 1);
	if (strcmp(t->name, "string") == 0)
		return read_text(r, t);
	if (strcmp(t->name, "integer") == 0)
		return read_integer(r, t);
	if (strcmp(t->name, "true") == 0 || strcmp(t->name, "false") == 0)
		return read_bool(r, t, t->name[0] == 't');
	if (strcmp(t->name, "real") == 0 || strcmp(t->name, "data") == 0 ||
	    strcmp(t->name, "date") == 0)
		return tagged(t, read_text(r, t));
	return NULL;
}

json_t *plist_read(const char *text, size_t len)
{
	struct reader r = { text, text + len };
	json_t *value = NULL;
	struct tag t;

	do {
		if (!read_tag(&r, &t))
			return NULL;
	} while (t.name[0] == '?' || t.name[0] == '!');
	if (strcmp(t.name, "plist") != 0 || t.closing || t.empty)
		return NULL;
	if (read_tag(&r, &t))
		value = read_value(&r, &t, DEPTH);
	if (value != NULL && read_tag(&r, &t) && is_end(&t, "plist"))
		return value;
	json_decref(value);
	return NULL;
}

/* --- writing --- */

static bool write_value(FILE *out, const json_t *value);

static void write_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *as = NULL;

		for (size_t i = 0; i < NITEMS(entities); i++)
			if (*text == entities[i].text[0])
				as = entities[i].entity;
		if (as != NULL)
			fputs(as, out);
		else
			putc(*text, out);
	}
}

static void write_element(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<%s>", name);
	write_text(out, text);
	fprintf(out, "</%s>\n", name);
}

/* {"<real>": "1.5"} */
static bool write_tagged(FILE *out, const json_t *value)
{
	void *first = json_object_iter((json_t *)value);
	const char *key = first == NULL ? "" : json_object_iter_key(first);
	const char *text = first == NULL ? NULL : json_string_value(
		json_object_iter_value(first));
	char name[NAME];

	if (json_object_size(value) != 1 || text == NULL || key[0] != '<' ||
	    strlen(key) > NAME)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(key + 1, ">"),
		 key + 1);
	write_element(out, name, text);
	return true;
}

static bool write_dict(FILE *out, json_t *value)
{
	const char *key;
	json_t *item;
	bool whole = true;

	if (write_tagged(out, value))
		return true;
	fputs("<dict>\n", out);
	json_object_foreach(value, key, item) {
		write_element(out, "key", key);
		whole = write_value(out, item) && whole;
	}
	fputs("</dict>\n", out);
	return whole;
}

static bool write_array(FILE *out, const json_t *value)
{
	bool whole = true;
	json_t *item;
	size_t i;

	fputs("<array>\n", out);
	json_array_foreach(value, i, item)
		whole = write_value(out, item) && whole;
	fputs("</array>\n", out);
	return whole;
}

static bool write_value(FILE *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_dict(out, (json_t *)value);
	case JSON_ARRAY:
		return write_array(out, value);
	case JSON_STRING:
		write_element(out, "string", json_string_value(value));
		return true;
	case JSON_INTEGER:
		fprintf(out, "<integer>%" JSON_INTEGER_FORMAT "</integer>\n",
			json_integer_value(value));
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(value) ? "<true/>\n" : "<false/>\n", out);
		return true;
	default:
		return false;
	}
}

char *plist_write(const json_t *value)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool whole;

	if (out == NULL)
		return NULL;
	fputs(head, out);
	whole = value != NULL && write_value(out, value);
	fputs("</plist>\n", out);
	whole = ferror(out) == 0 && whole;
	if (fclose(out) == 0 && whole)
		return text;
	free(text);
	return NULL;
}
