/* SPDX-License-Identifier: ISC */
/*
 * Of the JSON value on standard input, as `jq -r` would print it:
 *
 *   live_get .A.B	a member of a member; null if it is not there
 *   live_get elements	addresses in the sets that `nft -j list` shows, and
 *			the seconds they have left
 *
 * jq takes longer to start than the daemon to answer, and tests would ask it
 * thousands of times.
 */
#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 64 };

static const json_t *member(const json_t *v, const char *path)
{
	char name[NAME];

	/* What shrinks: the path. */
	while (v != NULL && *path != '\0') {
		size_t n = *path == '.' ? strcspn(path + 1, ".") : 0;

		if (n == 0 || n >= NAME)
			errx(2, "no such path: %s", path);
		memcpy(name, path + 1, n);
		name[n] = '\0';
		path += 1 + n;
		v = json_object_get(v, name);
	}
	return v;
}

static void print(const json_t *v)
{
	if (json_is_string(v))
		puts(json_string_value(v));
	else if (v == NULL)
		puts("null");
	else if (json_dumpf(v, stdout, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
		puts("");
}

static void print_set(const json_t *set)
{
	const char *name = json_string_value(json_object_get(set, "name"));
	const json_t *one;
	size_t i;

	if (name == NULL || strncmp(name, "allow", 5) != 0)
		return;
	json_array_foreach(json_object_get(set, "elem"), i, one) {
		const json_t *e = json_object_get(one, "elem");
		const json_t *left = json_object_get(e, "expires");

		printf("%s %lld\n", json_string_value(json_object_get(e, "val")),
		       (long long)json_integer_value(left));
	}
}

static void print_sets(const json_t *all)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(all, "nftables"), i, one)
		print_set(json_object_get(one, "set"));
}

int main(int argc, char **argv)
{
	json_error_t why;
	json_t *all;

	if (argc != 2)
		errx(2, "usage: live_get .PATH | elements");
	all = json_loadf(stdin, JSON_DECODE_ANY, &why);
	if (all == NULL)
		errx(2, "%s", why.text);
	if (strcmp(argv[1], "elements") == 0)
		print_sets(all);
	else
		print(member(all, argv[1]));
	json_decref(all);
	return 0;
}
