#include "crypto/md5.h"
#include "harness/tap.h"

#include <string.h>

#define S(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

/* RFC 1321, appendix A.5. */
static const struct {
	struct span message, digest;
} rows[] = {
	{S(""), S("\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e")},
	{S("a"), S("\x0c\xc1\x75\xb9\xc0\xf1\xb6\xa8\x31\xc3\x99\xe2\x69\x77\x26\x61")},
	{S("abc"), S("\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72")},
	{S("message digest"),
	 S("\xf9\x6b\x69\x7d\x7c\xb7\x93\x8d\x52\x5a\x2f\x31\xaa\xf1\x61\xd0")},
	{S("abcdefghijklmnopqrstuvwxyz"),
	 S("\xc3\xfc\xd3\xd7\x61\x92\xe4\x00\x7d\xfb\x49\x6c\xca\x67\xe1\x3b")},
	{S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
	 S("\xd1\x74\xab\x98\xd2\x77\xd9\xf5\xa5\x61\x1c\x2c\x9f\x41\x9d\x9f")},
	{S("1234567890123456789012345678901234567890"
	   "1234567890123456789012345678901234567890"),
	 S("\x57\xed\xf4\xa2\x2b\xe3\xc9\x55\xac\x49\xda\x2e\x21\x07\xb6\x7a")},
};

int main(void)
{
	static const uint8_t zero[sizeof(struct crypto_md5)];
	uint8_t digest[CRYPTO_MD5_SIZE], all[130];
	struct crypto_md5 st, chain;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t cut = 0; cut <= rows[i].message.n; cut++) {
			crypto_md5_init(&st);
			crypto_md5_put(&st, guarded(0, span_head(rows[i].message, cut)));
			crypto_md5_put(&st, guarded(1, span_tail(rows[i].message, cut)));
			crypto_md5_finish(&st, digest);
			check(span_eq(span_of(digest, sizeof digest), rows[i].digest), "cut at %zu",
			      cut);
		}
		is_span(span_of(digest, sizeof digest), rows[i].digest, "md5 of %zu bytes",
			rows[i].message.n);
	}
	ok(memcmp(&st, zero, sizeof st) == 0, "nothing is left behind");

	/* Every length of the last block: the digest of 130 digests, as Python's hashlib has it. */
	crypto_md5_init(&chain);
	for (size_t n = 0; n < 130; n++) {
		memset(all, (int)n, n);
		crypto_md5_init(&st);
		crypto_md5_put(&st, span_of(all, n));
		crypto_md5_finish(&st, digest);
		crypto_md5_put(&chain, span_of(digest, sizeof digest));
	}
	crypto_md5_finish(&chain, digest);
	is_span(span_of(digest, sizeof digest),
		SPAN("\xc6\x00\x9c\xc0\x58\x6f\x47\x7e\x5a\xde\x23\xf1\x83\x79\x0e\x1d"),
		"md5 of 0 to 129 bytes");
	return done();
}
