/*
 * feed: what the workers' log in Redis tells, for the event stream. An entry has the index of a
 * result, whose value is in the hash, or of what is being computed, which has none yet.
 *
 *	feed.entries = on_entries;                      // then feed_get_values, or another read
 *	feed.value = on_value;
 *	feed.done = on_done;
 *	feed_read(&feed, &log_client, &sent);           // waits for what is newer than [sent]
 *
 * One question at a time for each feed.
 */
#ifndef SERVICES_API_FEED_H
#define SERVICES_API_FEED_H

#include "resp/resp_stream.h"
#include "services/common/stores.h"

#define FEED_BATCH 64      /* entries read at a time */
#define FEED_BLOCK_MS 5000 /* that a read waits for something new */
#define FEED_ID_MAX 41     /* bytes of an entry's ID */

/* The ID of an entry; the entries of a log are in the order of their IDs. */
struct feed_id {
	uint64_t ms, seq;
};
/* False: this is no ID. */
bool feed_get_id(struct span text, struct feed_id *id);
void feed_put_id(struct out *o, const struct feed_id *id);
/* Below 0, 0, above 0: [a] is older than [b], the same, newer. */
int feed_order(const struct feed_id *a, const struct feed_id *b);

struct feed_entry {
	struct feed_id id;
	bool computing;
	uint8_t index_n, index[20]; /* decimal text; nothing when there is none */
};

struct feed {
	struct redis_request request;
	struct resp_stream reading;
	struct feed_entry entry[FEED_BATCH];
	unsigned n, at;
	bool busy, refused;
	enum feed_field { FEED_OTHER, FEED_INDEX, FEED_COMPUTING } field;
	/* The entries are here. Called once for each read that does not fail. */
	void (*entries)(struct feed *f);
	/* A value, or that one is being computed, in the order of the entries; good for the call.
	 */
	void (*value)(struct feed *f, const struct feed_entry *e, struct span value);
	/* All were told, or, not [ok], the store failed in this or the read. */
	void (*done)(struct feed *f, bool ok);
};

/* The newest entry alone, if there is one. */
void feed_get_newest(struct feed *f, struct redis *r);
/* What is newer than [after], as soon as there is something or FEED_BLOCK_MS have passed. */
void feed_read(struct feed *f, struct redis *r, const struct feed_id *after);
/* Entries from [first] on, itself included, as far as they are there. */
void feed_get_range(struct feed *f, struct redis *r, const struct feed_id *first);
/* The values of entry[from] and all behind it. */
void feed_get_values(struct feed *f, struct redis *r, unsigned from);

#endif
