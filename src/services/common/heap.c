#include "services/common/heap.h"

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define CHUNK ((size_t)65536)
#define STEP 16 /* the smallest object, and the alignment of all */
#define MAP_WORDS (CHUNK / STEP / 64)
#define CLASSES 36
#define PAGE 4096
#define SPARES 12

/* At the front of 64 KiB of objects, or of one large one. */
struct chunk {
	uintptr_t mark;            /* that this is one */
	struct chunk *next, *prev; /* of those of its size that have room */
	size_t size;               /* of an object; a large one's mapping */
	uint32_t first;            /* where the objects begin */
	uint16_t objects, room;    /* how many fit; how many of them are free */
	uint8_t class, hint;       /* the first word of the map that may have a free one */
	uint64_t map[MAP_WORDS];   /* a bit for each object: free */
};
#define LARGE 0xff
#define LARGE_HEAD ((offsetof(struct chunk, map) + STEP - 1) / STEP * STEP)

static struct chunk *with_room[CLASSES];
static struct chunk *spare; /* without objects: what a turn gives back, the next one takes */
static unsigned spares;

/* Whoever overwrites memory does not know it. */
static uintptr_t mark_of(const struct chunk *c)
{
	static uintptr_t secret;
	if (secret == 0)
		memcpy(&secret, (const void *)getauxval(AT_RANDOM), sizeof secret);
	return secret ^ (uintptr_t)c;
}

/* By 16 bytes up to 128, then four sizes for each doubling. */
static unsigned class_of(size_t n, size_t *size)
{
	size_t units = n <= STEP ? 1 : (n + STEP - 1) / STEP;
	unsigned shift = units <= 8 ? 0 : 61u - (unsigned)__builtin_clzll(units - 1);
	size_t steps = (units + ((size_t)1 << shift) - 1) >> shift;
	*size = (steps << shift) * STEP;
	return shift * 4 + (unsigned)steps - 1;
}

/* [n] bytes of the kernel's, at a multiple of CHUNK. */
static struct chunk *map_chunk(size_t n)
{
	uint8_t *p =
		mmap(NULL, n + CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	size_t front = -(uintptr_t)p & (CHUNK - 1);
	if (front > 0)
		munmap(p, front);
	munmap(p + front + n, CHUNK - front);
	struct chunk *c = (struct chunk *)(void *)(p + front);
	c->mark = mark_of(c);
	return c;
}

static void link_chunk(struct chunk *c)
{
	c->prev = NULL;
	c->next = with_room[c->class];
	if (c->next != NULL)
		c->next->prev = c;
	with_room[c->class] = c;
}

static void unlink_chunk(struct chunk *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		with_room[c->class] = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
}

static struct chunk *new_chunk(unsigned class, size_t size)
{
	struct chunk *c = spare;
	if (c != NULL) {
		spare = c->next;
		spares--;
		memset(c->map, 0, sizeof c->map);
	} else {
		c = map_chunk(CHUNK);
	}
	if (c == NULL)
		return NULL;
	c->hint = 0;
	c->class = (uint8_t) class;
	c->size = size;
	/* Buffers of whole pages begin at one. */
	c->first = size % PAGE == 0 ? PAGE : (sizeof *c + STEP - 1) / STEP * STEP;
	c->room = c->objects = (uint16_t)((CHUNK - c->first) / size);
	for (size_t i = 0; i < c->room; i++)
		c->map[i / 64] |= (uint64_t)1 << i % 64;
	link_chunk(c);
	return c;
}

static void *get_large(size_t n)
{
	if (n > PTRDIFF_MAX - 2 * CHUNK)
		return NULL;
	size_t bytes = (n + LARGE_HEAD + PAGE - 1) / PAGE * PAGE;
	struct chunk *c = map_chunk(bytes);
	if (c == NULL)
		return NULL;
	c->class = LARGE;
	c->size = bytes;
	return (uint8_t *)c + LARGE_HEAD;
}

void *heap_get(size_t n)
{
	size_t size;
	if (n > HEAP_OBJECT_MAX)
		return get_large(n);
	unsigned class = class_of(n, &size);
	struct chunk *c = with_room[class];
	if (c == NULL)
		c = new_chunk(class, size);
	if (c == NULL)
		return NULL;
	while (c->map[c->hint] == 0)
		c->hint++;
	size_t i = (size_t)c->hint * 64 + (size_t)__builtin_ctzll(c->map[c->hint]);
	c->map[c->hint] &= c->map[c->hint] - 1;
	if (--c->room == 0)
		unlink_chunk(c);
	return (uint8_t *)c + c->first + i * c->size;
}

static struct chunk *chunk_of(const void *p)
{
	struct chunk *c = (struct chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK - 1));
	if (c->mark != mark_of(c))
		__builtin_trap();
	return c;
}

size_t heap_size(const void *p)
{
	const struct chunk *c = chunk_of(p);
	return c->class == LARGE ? c->size - LARGE_HEAD : c->size;
}

void heap_put(void *p)
{
	if (p == NULL)
		return;
	struct chunk *c = chunk_of(p);
	if (c->class == LARGE) {
		munmap(c, c->size);
		return;
	}
	size_t at = (size_t)((uint8_t *)p - (uint8_t *)c - c->first), i = at / c->size;
	uint64_t bit = (uint64_t)1 << i % 64;
	if (at % c->size != 0 || i >= c->objects || (c->map[i / 64] & bit) != 0)
		__builtin_trap();
	c->map[i / 64] |= bit;
	if (i / 64 < c->hint)
		c->hint = (uint8_t)(i / 64);
	if (c->room++ == 0)
		link_chunk(c);
	if (c->room == c->objects && (c->next != NULL || c->prev != NULL)) {
		unlink_chunk(c);
		if (spares == SPARES) {
			munmap(c, CHUNK);
			return;
		}
		c->next = spare;
		spare = c;
		spares++;
	}
}
