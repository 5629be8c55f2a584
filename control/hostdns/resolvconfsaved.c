/* SPDX-License-Identifier: ISC */
#include "hostdns/resolvconfsaved.h"

#include <ctype.h>
#include <string.h>

#include "jsonfile.h"

enum {
	VERSION = 1,
	/* Of the text: six octets of the file may stand for one. */
	KEPT = JSONFILE_MAX / 6 - 512,
};

static const char name[] = "resolvconf.saved";

bool resolvconfsaved_exists(const char *dir)
{
	return jsonfile_exists(&(struct jsonfile){ dir, name, 0 });
}

static bool read_listen(const json_t *list, struct resolvconfsaved *s)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (i >= POLICY_LISTEN || !json_is_string(item) ||
		    !ipaddr_parse(json_string_value(item), &s->listen[i]))
			return false;
	s->n = (unsigned int)json_array_size(list);
	return s->n > 0;
}

static const char *read_root(const json_t *root, struct resolvconfsaved *s)
{
	const json_t *text = json_object_get(root, "text");

	if (json_integer_value(json_object_get(root, "version")) != VERSION)
		return "unknown version";
	if (!read_listen(json_object_get(root, "listen"), s))
		return "our addresses";
	if (!json_is_string(text) || json_string_length(text) > KEPT)
		return "the text";
	s->len = json_string_length(text);
	memcpy(s->text, json_string_value(text), s->len);
	return NULL;
}

int resolvconfsaved_load(const char *dir, struct resolvconfsaved *s,
			 struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	const char *wrong;
	json_t *root;
	int error = jsonfile_load(&f, &root, why);

	s->n = 0;
	if (error != 0 || root == NULL)
		return error;
	wrong = read_root(root, s);
	json_decref(root);
	if (wrong == NULL)
		return 0;
	s->n = 0;
	return jsonfile_damaged(&f, wrong, why);
}

/* Where it is no text, as comments may be, JSON has no way to say it. */
static json_t *text_of(const struct resolvconfsaved *s)
{
	size_t len = s->len < KEPT ? s->len : KEPT;
	char text[KEPT];

	for (size_t i = 0; i < len; i++)
		text[i] = s->text[i] != '\0' && isascii((uint8_t)s->text[i]) ?
			  s->text[i] : '?';
	return json_stringn(text, len);
}

int resolvconfsaved_save(const char *dir, const struct resolvconfsaved *s,
			 struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	json_t *listen = json_array();
	char addr[IPADDR_TEXT];

	for (unsigned int i = 0; i < s->n; i++)
		json_array_append_new(listen, json_string(
			ipaddr_text(&s->listen[i], addr)));
	return jsonfile_save(&f, json_pack("{s:i, s:o, s:o}", "version",
					   VERSION, "listen", listen, "text",
					   text_of(s)), why);
}

int resolvconfsaved_remove(const char *dir, struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };

	return jsonfile_remove(&f, why);
}
