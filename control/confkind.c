/* SPDX-License-Identifier: ISC */
#include "confkind.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "dnsname.h"
#include "profile.h"

static void *field(const struct conf_key *key, struct conf *c)
{
	return (char *)c + key->at;
}

static const void *field_const(const struct conf_key *key,
			       const struct conf *c)
{
	return (const char *)c + key->at;
}

static uint16_t count_of(const struct conf_key *key, const struct conf *c)
{
	uint16_t n;

	memcpy(&n, (const char *)c + key->count_at, sizeof(n));
	return n;
}

/* Room for one more value of a list, or NULL. */
static void *grow(const struct conf_key *key, struct conf *c, struct why *why)
{
	uint16_t n = count_of(key, c);

	if (n == key->max) {
		why_set(why, -ENOSPC, "more than %u values", key->max);
		return NULL;
	}
	n++;
	memcpy((char *)c + key->count_at, &n, sizeof(n));
	return (char *)field(key, c) + (n - 1u) * key->size;
}

/* Numbers, enums and bools lie in fields of 1, 2 or 4 octets. */
static void store(const struct conf_key *key, struct conf *c,
		  unsigned int value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	const void *from = key->size == 1 ? (void *)&u8 :
			   key->size == 2 ? (void *)&u16 : (void *)&value;

	memcpy(field(key, c), from, key->size);
}

static unsigned int fetch(const struct conf_key *key, const struct conf *c)
{
	const void *from = field_const(key, c);
	unsigned int u32;
	uint16_t u16;

	if (key->size == 1)
		return *(const uint8_t *)from;
	if (key->size == 2) {
		memcpy(&u16, from, sizeof(u16));
		return u16;
	}
	memcpy(&u32, from, sizeof(u32));
	return u32;
}

/* "a, b or c" of what this build has. */
static const char *choices(const struct conf_word *words, char list[static 128])
{
	const struct conf_word *last = NULL;
	size_t at = 0;

	for (const struct conf_word *w = words; w->text != NULL; w++)
		if (!w->missing)
			last = w;
	list[0] = '\0';
	for (const struct conf_word *w = words; w->text != NULL && at < 128; w++)
		if (!w->missing)
			at += (size_t)snprintf(list + at, 128 - at, "%s%s",
				at == 0 ? "" : w == last ? " or " : ", ",
				w->text);
	return list;
}

static int not_one_of(const struct conf_word *words, const char *text,
		      struct why *why)
{
	char list[128] = "";
	size_t at = 0;

	for (const struct conf_word *w = words; w->text != NULL; w++)
		if (!w->missing && at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at,
					       "%s%s", at > 0 ? ", " : "",
					       w->text);
	return why_set(why, -EINVAL, "\"%.80s\" is not one of %s", text, list);
}

static int set_word(const struct conf_key *key, struct conf *c,
		    const char *text, struct why *why)
{
	const struct conf_word *w = key->allowed;
	char list[128];

	while (w->text != NULL && strcmp(w->text, text) != 0)
		w++;
	if (w->text == NULL)
		return not_one_of(key->allowed, text, why);
	if (w->missing)
		return why_set(why, -EOPNOTSUPP, "%s = %s is not supported by "
			       "this build; use %s", key->name, text,
			       choices(key->allowed, list));
	store(key, c, w->value);
	return 0;
}

static bool show_word(const struct conf_key *key, const struct conf *c,
		      unsigned int i, char text[static CONF_SHOWN])
{
	const struct conf_word *w = key->allowed;

	while (w->text != NULL && w->value != fetch(key, c))
		w++;
	assert(w->text != NULL);
	snprintf(text, CONF_SHOWN, "%s", w->text);
	return i == 0;
}

static int number(const char *text, unsigned int min, unsigned int max,
		  unsigned int *value, struct why *why)
{
	size_t n = strspn(text, "0123456789");
	unsigned long long v = strtoull(text, NULL, 10);	/* saturates */

	if (n == 0 || text[n] != '\0')
		return why_set(why, -EINVAL, "\"%.80s\" is not a number from "
			       "%u to %u", text, min, max);
	if (v < min || v > max)
		return why_set(why, -ERANGE, "%.80s is not from %u to %u",
			       text, min, max);
	*value = (unsigned int)v;
	return 0;
}

static int set_number(const struct conf_key *key, struct conf *c,
		      const char *text, struct why *why)
{
	unsigned int value;
	int error = number(text, key->min, key->max, &value, why);

	if (error == 0)
		store(key, c, value);
	return error;
}

static bool show_number(const struct conf_key *key, const struct conf *c,
			unsigned int i, char text[static CONF_SHOWN])
{
	snprintf(text, CONF_SHOWN, "%u", fetch(key, c));
	return i == 0;
}

static int set_text(const struct conf_key *key, struct conf *c,
		    const char *text, struct why *why)
{
	const struct conf_test *test = key->allowed;

	if (strlen(text) >= key->size)
		return why_set(why, -ENAMETOOLONG, "\"%.80s\" is longer than "
			       "%zu octets", text, key->size - 1);
	if (!test->passes(text))
		return why_set(why, -EINVAL, "\"%.80s\" is not %s", text,
			       test->what);
	memset(field(key, c), 0, key->size);
	memcpy(field(key, c), text, strlen(text));
	return 0;
}

static bool show_text(const struct conf_key *key, const struct conf *c,
		      unsigned int i, char text[static CONF_SHOWN])
{
	snprintf(text, CONF_SHOWN, "%s", (const char *)field_const(key, c));
	return i == 0;
}

static bool has_address(const struct conf_key *key, const struct conf *c,
			const struct ipaddr *a)
{
	const struct ipaddr *list = field_const(key, c);

	for (unsigned int i = 0; i < count_of(key, c); i++)
		if (ipaddr_equal(&list[i], a))
			return true;
	return false;
}

static int add_address(const struct conf_key *key, struct conf *c,
		       const struct ipaddr *a, struct why *why)
{
	struct ipaddr *to;

	if (has_address(key, c, a))
		return 0;
	to = grow(key, c, why);
	if (to == NULL)
		return -ENOSPC;
	*to = *a;
	return 0;
}

/* Only this machine's own programs are served. */
static int set_listen(const struct conf_key *key, struct conf *c,
		      const char *text, struct why *why)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a) || ipaddr_class(&a) != IPCLASS_LOOPBACK)
		return why_set(why, -EINVAL, "\"%.80s\" is not a loopback "
			       "address such as 127.0.0.1 or ::1", text);
	return add_address(key, c, &a, why);
}

static int set_upstream(const struct conf_key *key, struct conf *c,
			const char *text, struct why *why)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a))
		return why_set(why, -EINVAL, "\"%.80s\" is not an IPv4 or "
			       "IPv6 address", text);
	switch (ipaddr_class(&a)) {
	case IPCLASS_PUBLIC:
	case IPCLASS_PRIVATE:
	case IPCLASS_LINKLOCAL:
		return add_address(key, c, &a, why);
	default:
		return why_set(why, -EINVAL, "%.80s is a %s address, not a "
			       "server's", text,
			       ipclass_name(ipaddr_class(&a)));
	}
}

static bool show_address(const struct conf_key *key, const struct conf *c,
			 unsigned int i, char text[static CONF_SHOWN])
{
	const struct ipaddr *list = field_const(key, c);

	return i < count_of(key, c) && ipaddr_text(&list[i], text) != NULL;
}

static int set_port(const struct conf_key *key, struct conf *c,
		    const char *text, struct why *why)
{
	unsigned int value;
	int error = number(text, 1, 65535, &value, why);
	uint16_t *to;

	if (error != 0)
		return error;
	for (unsigned int i = 0; i < c->allow.n_ports; i++)
		if (c->allow.ports[i] == value)
			return 0;
	to = grow(key, c, why);
	if (to == NULL)
		return -ENOSPC;
	*to = (uint16_t)value;
	return 0;
}

static bool show_port(const struct conf_key *key, const struct conf *c,
		      unsigned int i, char text[static CONF_SHOWN])
{
	if (i >= count_of(key, c))
		return false;
	snprintf(text, CONF_SHOWN, "%u", c->allow.ports[i]);
	return true;
}

static int set_endpoint(const struct conf_key *key, struct conf *c,
			const char *text, struct why *why)
{
	struct endpoint e, *to;

	if (!endpoint_parse(text, &e))
		return why_set(why, -EINVAL, "\"%.80s\" is not an endpoint "
			       "such as 192.0.2.1:51820/udp or "
			       "[2001:db8::1]:443/tcp", text);
	to = grow(key, c, why);
	if (to == NULL)
		return -ENOSPC;
	*to = e;
	return 0;
}

static bool show_endpoint(const struct conf_key *key, const struct conf *c,
			  unsigned int i, char text[static CONF_SHOWN])
{
	return i < count_of(key, c) &&
	       endpoint_text(&c->tunnel.endpoints[i], text) != NULL;
}

static int set_uid(const struct conf_key *key, struct conf *c,
		   const char *text, struct why *why)
{
	struct passwd *user;
	unsigned int value;

	(void)key;
	c->allow.any_uid = strcmp(text, "any") == 0;
	if (c->allow.any_uid)
		return 0;
	/* (uid_t)-1 is chown(2)'s "leave it". */
	if (number(text, 0, UINT32_MAX - 1, &value, why) == 0) {
		c->allow.uid = value;
		return 0;
	}
	user = getpwnam(text);
	if (user == NULL)
		return why_set(why, -ENOENT, "\"%.80s\" is not a user, a "
			       "number or any", text);
	c->allow.uid = user->pw_uid;
	return 0;
}

static bool show_uid(const struct conf_key *key, const struct conf *c,
		     unsigned int i, char text[static CONF_SHOWN])
{
	(void)key;
	if (c->allow.any_uid)
		strcpy(text, "any");
	else
		snprintf(text, CONF_SHOWN, "%u", c->allow.uid);
	return i == 0;
}

static int set_profile(const struct conf_key *key, struct conf *c,
		       const char *text, struct why *why)
{
	(void)key;
	return profile_add(c, text, why);
}

/* Word i of "a,b,c"; of an empty list, "none". */
static bool show_profile(const struct conf_key *key, const struct conf *c,
			 unsigned int i, char text[static CONF_SHOWN])
{
	const char *at = c->profiles[0] != '\0' ? c->profiles : "none";

	(void)key;
	for (; i > 0 && at != NULL; i--) {
		at = strchr(at, ',');
		if (at != NULL)
			at++;
	}
	if (at != NULL)
		snprintf(text, CONF_SHOWN, "%.*s", (int)strcspn(at, ","), at);
	return at != NULL;
}

static int set_name(const struct conf_key *key, struct conf *named,
		    const char *text, struct why *why)
{
	return profile_add_name(named, text, key->max != 0, why);
}

/* The names the profiles alone give. */
static void profile_names(const struct conf *c, struct conf *alone)
{
	char word[CONF_SHOWN];
	struct why why;
	int error = 0;

	*alone = (struct conf){ 0 };
	for (unsigned int i = 0; error == 0 &&
	     show_profile(NULL, c, i, word); i++)
		error = profile_add(alone, word, &why);
}

static bool has_name(const struct conf *c, const struct policy_name *name)
{
	for (unsigned int i = 0; i < c->n_names; i++)
		if (c->names[i].len == name->len &&
		    c->names[i].suffix == name->suffix &&
		    memcmp(c->names[i].wire, name->wire, name->len) == 0)
			return true;
	return false;
}

static bool show_name(const struct conf_key *key, const struct conf *c,
		      unsigned int i, char text[static CONF_SHOWN])
{
	struct conf alone;

	profile_names(c, &alone);
	for (unsigned int at = 0; at < c->n_names; at++) {
		const struct policy_name *name = &c->names[at];

		if (name->suffix != (key->max != 0) || has_name(&alone, name))
			continue;
		if (i-- == 0) {
			dnsname_to_text(name->wire, name->len, text);
			return true;
		}
	}
	return false;
}

const struct conf_kind confkind_word = { set_word, show_word };
const struct conf_kind confkind_number = { set_number, show_number };
const struct conf_kind confkind_text = { set_text, show_text };
const struct conf_kind confkind_profile = { set_profile, show_profile };
const struct conf_kind confkind_name = { set_name, show_name };
const struct conf_kind confkind_listen = { set_listen, show_address };
const struct conf_kind confkind_upstream = { set_upstream, show_address };
const struct conf_kind confkind_port = { set_port, show_port };
const struct conf_kind confkind_endpoint = { set_endpoint, show_endpoint };
const struct conf_kind confkind_uid = { set_uid, show_uid };
