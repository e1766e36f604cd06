/* SHA-256, HMAC, PBKDF2 and the two helpers for secrets; tables of published vectors first. */
#include "crypto/base64.h"
#include "crypto/ct.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"
#include "crypto/sha256_blocks.h"
#include "harness/tap.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define S(literal)                                              \
	{                                                       \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}

/* Lower-case hexadecimal of a digest, for rows that read like the standard. */
static const char *hex(const uint8_t *p, size_t n)
{
	static char text[2 * 64 + 1];
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[p[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	text[2 * n] = 0;
	return text;
}

/* Bytes without a pattern that a block could hide; the same in every run. */
static void fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static bool is_wiped(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* The examples of FIPS 180-4 (csrc.nist.gov, SHA256.pdf), and the empty message. */
static const struct {
	struct span message;
	const char *digest;
} hashes[] = {
	{S(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{S("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{S("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{S("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
	 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void test_sha256_rows(void)
{
	uint8_t digest[CRYPTO_SHA256_SIZE];
	for (size_t i = 0; i < COUNT(hashes); i++) {
		crypto_sha256(guarded(0, hashes[i].message), digest);
		is_str(hex(digest, sizeof digest), hashes[i].digest, "sha256 of %zu bytes",
		       hashes[i].message.n);
	}
	crypto_sha256(SPAN_NONE, digest);
	is_str(hex(digest, sizeof digest), hashes[0].digest, "sha256 of a span without bytes");
}

static void test_sha256_million(void)
{
	static uint8_t as[1000];
	uint8_t digest[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 st;
	memset(as, 'a', sizeof as);
	crypto_sha256_init(&st);
	for (unsigned i = 0; i < 1000; i++)
		crypto_sha256_put(&st, span_of(as, sizeof as));
	crypto_sha256_finish(&st, digest);
	is_str(hex(digest, sizeof digest),
	       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
	       "sha256 of a million times a");
	ok(is_wiped(&st, sizeof st), "finish wipes the state");
}

/*
 * The length is counted in 64 bits, the carry out of 32 included. Hashing 20 GiB would show it;
 * claiming that they went by does too.
 */
static void test_sha256_length(void)
{
	const uint64_t claimed = (uint64_t)5 << 32;
	uint8_t last[CRYPTO_SHA256_BLOCK] = {'m', 0x80}, want[CRYPTO_SHA256_SIZE];
	uint8_t got[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 st;
	uint32_t h[8];
	crypto_sha256_init(&st);
	memcpy(h, st.h, sizeof h);
	put_be64(last + sizeof last - 8, (claimed + 1) * 8);
	crypto_sha256_blocks_portable(h, last, 1);
	crypto_sha256_put_state(want, h);
	st.n = claimed;
	crypto_sha256_put(&st, SPAN("m"));
	crypto_sha256_finish(&st, got);
	ok(memcmp(got, want, sizeof got) == 0, "sha256 of more than 2^32 bytes");
}

/* All lengths around the padding's edges, in two pieces at every cut, and byte by byte. */
static void test_sha256_cuts(void)
{
	uint8_t data[200], whole[CRYPTO_SHA256_SIZE], got[CRYPTO_SHA256_SIZE];
	struct crypto_sha256 st, copy;
	fill(data, sizeof data, 1);
	for (size_t n = 0; n <= sizeof data; n++) {
		struct span message = guarded(0, span_of(data, n));
		crypto_sha256(message, whole);
		for (size_t cut = 0; cut <= n; cut++) {
			crypto_sha256_init(&st);
			crypto_sha256_put(&st, guarded(1, span_head(message, cut)));
			copy = st;
			crypto_sha256_put(&st, span_tail(message, cut));
			crypto_sha256_finish(&st, got);
			check(memcmp(got, whole, sizeof got) == 0, "%zu bytes cut at %zu", n, cut);
			crypto_sha256_put(&copy, span_tail(message, cut));
			crypto_sha256_finish(&copy, got);
			check(memcmp(got, whole, sizeof got) == 0, "a copy at %zu of %zu", cut, n);
		}
		crypto_sha256_init(&st);
		for (size_t i = 0; i < n; i++)
			crypto_sha256_put(&st, span_head(span_tail(message, i), 1));
		crypto_sha256_finish(&st, got);
		check(memcmp(got, whole, sizeof got) == 0, "%zu bytes one by one", n);
	}
	ok(failures() == 0, "sha256 in pieces: every cut up to %zu bytes", sizeof data);
}

/* The digest of [data] by one compression function, padded here, apart from sha256.c. */
static void hash_with(crypto_blocks_fn *blocks, struct span data, uint8_t out[static 32])
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t tail[2 * CRYPTO_SHA256_BLOCK] = {0};
	size_t whole = data.n / CRYPTO_SHA256_BLOCK, rest = data.n % CRYPTO_SHA256_BLOCK;
	size_t end = rest < 56 ? 1 : 2;
	memcpy(tail, data.p + data.n - rest, rest);
	tail[rest] = 0x80;
	put_be64(tail + end * CRYPTO_SHA256_BLOCK - 8, (uint64_t)data.n * 8);
	blocks(h, data.p, whole);
	blocks(h, tail, end);
	crypto_sha256_put_state(out, h);
}

static void test_implementations(void)
{
	static uint8_t data[2048];
	uint8_t want[CRYPTO_SHA256_SIZE], got[CRYPTO_SHA256_SIZE];
	crypto_blocks_fn *ni = crypto_sha256_get_ni();
	fill(data, sizeof data, 2);
	for (size_t i = 0; i < COUNT(hashes); i++) {
		hash_with(crypto_sha256_blocks_portable, hashes[i].message, got);
		is_str(hex(got, sizeof got), hashes[i].digest, "portable, row %zu", i);
	}
	if (ni == NULL)
		diag("no SHA extensions here: the portable code alone is tested");
	/* Odd lengths move the end, and so the start, to every alignment. */
	for (size_t n = 0; n <= sizeof data; n += n < 300 ? 1 : 37) {
		struct span message = guarded(0, span_of(data, n));
		crypto_sha256(message, want);
		hash_with(crypto_sha256_blocks_portable, message, got);
		check(memcmp(got, want, sizeof got) == 0, "portable, %zu bytes", n);
		if (ni == NULL)
			continue;
		hash_with(ni, message, got);
		check(memcmp(got, want, sizeof got) == 0, "extensions, %zu bytes", n);
	}
	ok(failures() == 0, "both implementations agree up to %zu bytes", sizeof data);
}

/* RFC 4231, section 4; the key of rows 6 and 7 is 131 times 0xaa, longer than a block. */
#define TIMES_10(s) s s s s s s s s s s
#define KEY_131 TIMES_10("\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa") "\xaa"

static const struct {
	struct span key, message;
	const char *tag;
} macs[] = {
	{S(TIMES_10("\x0b\x0b")), S("Hi There"),
	 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{S("Jefe"), S("what do ya want for nothing?"),
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{S(TIMES_10("\xaa\xaa")), S(TIMES_10("\xdd\xdd\xdd\xdd\xdd")),
	 "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{S("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15"
	   "\x16\x17\x18\x19"),
	 S(TIMES_10("\xcd\xcd\xcd\xcd\xcd")),
	 "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{S(TIMES_10("\x0c\x0c")), S("Test With Truncation"),
	 "a3b6167473100ee06e0c796c2955552b"}, /* the RFC gives 128 bits of it */
	{S(KEY_131), S("Test Using Larger Than Block-Size Key - Hash Key First"),
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{S(KEY_131),
	 S("This is a test using a larger than block-size key and a larger than "
	   "block-size data. The key needs to be hashed before being used by the "
	   "HMAC algorithm."),
	 "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void test_hmac_rows(void)
{
	uint8_t tag[CRYPTO_HMAC_SIZE];
	for (size_t i = 0; i < COUNT(macs); i++) {
		struct span key = guarded(0, macs[i].key), message = guarded(1, macs[i].message);
		crypto_hmac(key, message, tag);
		is_str(hex(tag, strlen(macs[i].tag) / 2), macs[i].tag, "RFC 4231, case %zu", i + 1);
		struct crypto_hmac keyed, st;
		crypto_hmac_init(&keyed, key);
		for (size_t cut = 0; cut <= message.n; cut++) {
			uint8_t again[CRYPTO_HMAC_SIZE];
			st = keyed;
			crypto_hmac_put(&st, span_head(message, cut));
			crypto_hmac_put(&st, span_tail(message, cut));
			crypto_hmac_finish(&st, again);
			check(crypto_equal(tag, again, sizeof tag), "case %zu cut at %zu", i + 1,
			      cut);
			check(is_wiped(&st, sizeof st), "case %zu: finish wipes the state", i + 1);
		}
	}
}

/* A key of one block is used as it is, a longer one is hashed: the written-out definition. */
static void test_hmac_keys(void)
{
	uint8_t key[3 * CRYPTO_SHA256_BLOCK], text[2 * CRYPTO_SHA256_BLOCK];
	uint8_t got[CRYPTO_HMAC_SIZE], want[CRYPTO_HMAC_SIZE];
	fill(key, sizeof key, 3);
	for (size_t n = 0; n <= sizeof key; n++) {
		uint8_t block[CRYPTO_SHA256_BLOCK] = {0};
		if (n > sizeof block)
			crypto_sha256(span_of(key, n), block);
		else
			memcpy(block, key, n);
		for (size_t i = 0; i < sizeof block; i++)
			text[i] = block[i] ^ 0x36;
		text[64] = 'm';
		crypto_sha256(span_of(text, 65), want);
		for (size_t i = 0; i < sizeof block; i++)
			text[i] = block[i] ^ 0x5c;
		memcpy(text + 64, want, sizeof want);
		crypto_sha256(span_of(text, 64 + sizeof want), want);
		crypto_hmac(guarded(0, span_of(key, n)), SPAN("m"), got);
		check(memcmp(got, want, sizeof got) == 0, "hmac under a key of %zu bytes", n);
	}
	crypto_hmac(SPAN_NONE, SPAN_NONE, got);
	is_str(hex(got, sizeof got),
	       "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
	       "hmac of nothing under an empty key, after keys of every length");
}

/* RFC 7914, section 11 (the first 32 of its 64 bytes), and RFC 7677, section 3, by way of Hi(). */
static const struct {
	const char *password;
	struct span salt;
	uint32_t iterations, slice;
	const char *key;
} derived[] = {
	{"passwd", S("salt"), 1, 1,
	 "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
	{"Password", S("NaCl"), 80000, 999,
	 "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
	{"pencil", S("\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81"), 4096,
	 UINT32_MAX, "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"},
};

static void test_pbkdf2_rows(void)
{
	for (size_t i = 0; i < COUNT(derived); i++) {
		uint8_t key[CRYPTO_PBKDF2_SIZE];
		struct crypto_pbkdf2 st;
		uint32_t slice = derived[i].slice, turns = 1;
		crypto_pbkdf2_init(&st, guarded(0, span_str(derived[i].password)),
				   guarded(1, derived[i].salt), derived[i].iterations);
		while (!crypto_pbkdf2_step(&st, slice))
			turns++;
		uint32_t rest = derived[i].iterations - 1;
		is_int(turns, rest < slice ? 1 : (rest + slice - 1) / slice, "turns of row %zu", i);
		crypto_pbkdf2_finish(&st, key);
		is_str(hex(key, sizeof key), derived[i].key, "pbkdf2 row %zu", i);
	}
}

/* U_1 XOR ... XOR U_n as the standard writes it, over the one-shot HMAC. */
static void slow_pbkdf2(struct span password, struct span salt, uint32_t n, uint8_t key[static 32])
{
	uint8_t u[64];
	memcpy(u, salt.p, salt.n);
	put_be32(u + salt.n, 1);
	crypto_hmac(password, span_of(u, salt.n + 4), u);
	memcpy(key, u, 32);
	while (--n > 0) {
		crypto_hmac(password, span_of(u, 32), u);
		for (size_t i = 0; i < 32; i++)
			key[i] ^= u[i];
	}
}

/* Every slice of every small count, also none at all before finish. */
static void test_pbkdf2_slices(void)
{
	uint8_t want[CRYPTO_PBKDF2_SIZE], got[CRYPTO_PBKDF2_SIZE];
	struct crypto_pbkdf2 st;
	for (uint32_t n = 1; n <= 20; n++) {
		slow_pbkdf2(SPAN("tr0ub4dor"), SPAN("salt"), n, want);
		for (uint32_t slice = 0; slice <= n; slice++) {
			crypto_pbkdf2_init(&st, SPAN("tr0ub4dor"), SPAN("salt"), n);
			check(crypto_pbkdf2_step(&st, 0) == (n == 1), "no step of %u", n);
			int finished = crypto_pbkdf2_step(&st, slice);
			check(finished == (slice + 1 >= n), "%u of %u done", slice + 1, n);
			crypto_pbkdf2_finish(&st, got);
			check(memcmp(got, want, sizeof got) == 0, "%u after %u", n, slice);
			check(is_wiped(&st, sizeof st), "finish wipes the state");
		}
	}
	slow_pbkdf2(SPAN("p"), SPAN("s"), 1, want);
	crypto_pbkdf2_init(&st, SPAN("p"), SPAN("s"), 0);
	ok(crypto_pbkdf2_step(&st, 1) == 1, "no iterations: done, and not 2^32 left");
	crypto_pbkdf2_finish(&st, got);
	ok(memcmp(got, want, sizeof got) == 0, "and taken for one; counts 1 to 20 in every slice");
}

/* The whole exchange of RFC 7677, section 3: from the password to both base64 fields. */
static void test_scram(void)
{
	static const char *nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
	uint8_t salt[16], salted[32], key[32], stored[32], signature[32], buf[256];
	struct crypto_pbkdf2 st;
	int n = crypto_base64_get(SPAN("W22ZaJ0SNY7soEsUEjb6gQ=="), salt, sizeof salt);
	is_int(n, sizeof salt, "the salt");
	crypto_pbkdf2_init(&st, SPAN("pencil"), span_of(salt, sizeof salt), 4096);
	crypto_pbkdf2_finish(&st, salted);
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "n=user,r=rOprNGfwEbeRWgbNEkqO,r=");
	out_str(&o, nonce);
	out_str(&o, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=");
	out_str(&o, nonce);
	struct span auth = out_span_of(&o), salted_key = span_of(salted, sizeof salted);
	crypto_hmac(salted_key, SPAN("Client Key"), key);
	crypto_sha256(span_of(key, sizeof key), stored);
	crypto_hmac(span_of(stored, sizeof stored), auth, signature);
	for (size_t i = 0; i < sizeof key; i++)
		key[i] ^= signature[i];
	uint8_t text[CRYPTO_BASE64_SIZE(32)];
	struct out proof = out_init(text, sizeof text);
	crypto_base64_put(&proof, span_of(key, sizeof key));
	is_span(out_span_of(&proof), SPAN("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
		"RFC 7677: the client's proof");
	crypto_hmac(salted_key, SPAN("Server Key"), key);
	crypto_hmac(span_of(key, sizeof key), auth, signature);
	proof = out_init(text, sizeof text);
	crypto_base64_put(&proof, span_of(signature, sizeof signature));
	is_span(out_span_of(&proof), SPAN("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
		"RFC 7677: the server's signature");
}

static void test_equal(void)
{
	uint8_t a[40], b[40];
	fill(a, sizeof a, 4);
	for (size_t n = 0; n <= sizeof a; n++) {
		memcpy(b, a, sizeof b);
		struct span x = guarded(0, span_of(a, n)), y = guarded(1, span_of(b, n));
		check(crypto_equal(x.p, y.p, n), "%zu equal bytes", n);
		for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
			b[bit / 8] ^= (uint8_t)(1U << bit % 8);
			check(crypto_equal(a, b, n) == (bit / 8 >= n), "bit %zu of %zu", bit, n);
			b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
	ok(crypto_equal(NULL, NULL, 0), "nothing equals nothing; every bit of 40 bytes counts");
}

static void test_wipe(void)
{
	uint8_t p[40];
	for (size_t n = 0; n <= sizeof p; n++) {
		memset(p, 0xff, sizeof p);
		crypto_wipe(p, n);
		check(is_wiped(p, n), "%zu bytes are gone", n);
		check(n == sizeof p || p[n] == 0xff, "and not the one after %zu", n);
	}
	crypto_wipe(NULL, 0);
	ok(failures() == 0, "wipe");
}

int main(void)
{
	test_sha256_rows();
	test_sha256_million();
	test_sha256_length();
	test_sha256_cuts();
	test_implementations();
	test_hmac_rows();
	test_hmac_keys();
	test_pbkdf2_rows();
	test_pbkdf2_slices();
	test_scram();
	test_equal();
	test_wipe();
	return done();
}
