/* SPDX-License-Identifier: ISC */
/*
 * Runs a fuzz target over files, without libFuzzer: each as it is, and cut
 * off at each of its first octets. A copy of exact size lets a sanitizer see
 * a read past the end. Prints how many inputs there were; none is a failure.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, CUTS_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	if (copy == NULL && size > 0)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static size_t feed_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *in = fopen(path, "rb");
	size_t size, cut;

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, sizeof(data), in);
	fclose(in);
	feed(data, size);
	for (cut = 0; cut < size && cut < CUTS_MAX; cut++)
		feed(data, cut);
	return cut + 1;
}

int main(int argc, char **argv)
{
	size_t inputs = 0;

	for (int i = 1; i < argc; i++)
		inputs += feed_file(argv[i]);
	printf("%zu inputs from %d files\n", inputs, argc - 1);
	return inputs > 0 ? 0 : 1;
}
