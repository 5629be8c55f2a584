/* SPDX-License-Identifier: ISC */
#include "hostdns/busvalue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/ipaddr.h"

enum {
	DEPTH = 12,		/* of values in values, and variants */
	ITEMS = 256,		/* of one list */
};

/* --- reading --- */

static int read_value(sd_bus_message *m, unsigned int depth, json_t **value);

static int read_member(sd_bus_message *m, unsigned int depth, json_t *to)
{
	const char *name;
	json_t *value;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0 || (r = read_value(m, depth, &value)) < 0)
		return r;
	return json_object_set_new(to, name, value) == 0 ? 0 : -EBADMSG;
}

static int read_members(sd_bus_message *m, unsigned int depth, json_t *to)
{
	int r = 1;

	for (unsigned int i = 0; i <= ITEMS; i++) {
		r = sd_bus_message_enter_container(m, 'e', "sv");
		if (r <= 0)
			return r;
		if ((r = read_member(m, depth, to)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	}
	return -E2BIG;
}

static int read_items(sd_bus_message *m, unsigned int depth, json_t *to)
{
	json_t *value;
	int r;

	for (unsigned int i = 0; i <= ITEMS; i++) {
		r = sd_bus_message_at_end(m, false);
		if (r != 0)
			return r < 0 ? r : 0;
		if ((r = read_value(m, depth, &value)) < 0)
			return r;
		if (json_array_append_new(to, value) != 0)
			return -EBADMSG;
	}
	return -E2BIG;
}

/* An address, or none. */
static int read_octets(sd_bus_message *m, json_t **value)
{
	char text[IPADDR_TEXT];
	const void *octets;
	struct ipaddr a;
	size_t n;
	int r = sd_bus_message_read_array(m, 'y', &octets, &n);

	if (r < 0)
		return r;
	if (n == sizeof(a.b))
		a = ipaddr_v6(octets);
	*value = n == sizeof(a.b) ? json_string(ipaddr_text(&a, text)) :
				    json_null();
	return 0;
}

static int read_array(sd_bus_message *m, const char *of, unsigned int depth,
		      json_t **value)
{
	bool members = strcmp(of, "{sv}") == 0;
	int r;

	if (strcmp(of, "y") == 0)
		return read_octets(m, value);
	r = sd_bus_message_enter_container(m, 'a', of);
	if (r < 0)
		return r;
	*value = members ? json_object() : json_array();
	r = members ? read_members(m, depth, *value) :
		      read_items(m, depth, *value);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		json_decref(*value);
	return r;
}

static int read_variant(sd_bus_message *m, const char *of, unsigned int depth,
			json_t **value)
{
	int r = sd_bus_message_enter_container(m, 'v', of);

	if (r < 0 || (r = read_value(m, depth, value)) < 0)
		return r;
	r = sd_bus_message_exit_container(m);
	if (r < 0)
		json_decref(*value);
	return r;
}

/* depth: shrinks with each value within a value. */
static int read_value(sd_bus_message *m, unsigned int depth, json_t **value)
{
	const char *of, *text;
	char type;
	uint32_t number;
	int r = sd_bus_message_peek_type(m, &type, &of), flag;

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	if (depth == 0)
		return -E2BIG;
	switch (type) {
	case 'a':
		return read_array(m, of, depth - 1, value);
	case 'v':
		return read_variant(m, of, depth - 1, value);
	case 's':
	case 'o':
		r = sd_bus_message_read_basic(m, type, &text);
		*value = r < 0 ? NULL : json_string(text);
		break;
	case 'b':
		r = sd_bus_message_read(m, "b", &flag);
		*value = r < 0 ? NULL : json_boolean(flag);
		break;
	case 'u':
		r = sd_bus_message_read(m, "u", &number);
		*value = r < 0 ? NULL : json_integer(number);
		break;
	default:
		r = sd_bus_message_skip(m, NULL);
		*value = r < 0 ? NULL : json_null();
	}
	return r < 0 ? r : *value == NULL ? -EBADMSG : 0;
}

int busvalue_read(sd_bus_message *m, json_t **value)
{
	int r = read_value(m, DEPTH, value);

	return r < 0 ? r : 0;
}

/* --- putting --- */

static int put_members(sd_bus_message *m, json_t *from);

static int put_list(sd_bus_message *m, const json_t *list)
{
	int r = sd_bus_message_open_container(m, 'a', "s");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (r >= 0)
			r = sd_bus_message_append(m, "s",
						  json_string_value(item));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int busvalue_put(sd_bus_message *m, json_t *value)
{
	bool members = json_is_object(value);
	int r;

	if (json_is_string(value))
		return sd_bus_message_append(m, "v", "s",
					     json_string_value(value));
	r = sd_bus_message_open_container(m, 'v', members ? "a{sv}" : "as");
	if (r < 0 ||
	    (r = members ? put_members(m, value) : put_list(m, value)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

static int put_members(sd_bus_message *m, json_t *from)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");
	const char *name;
	json_t *value;

	json_object_foreach(from, name, value)
		if (r < 0 ||
		    (r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
		    (r = sd_bus_message_append(m, "s", name)) < 0 ||
		    (r = busvalue_put(m, value)) < 0 ||
		    (r = sd_bus_message_close_container(m)) < 0)
			return r;
	return r < 0 ? r : sd_bus_message_close_container(m);
}
