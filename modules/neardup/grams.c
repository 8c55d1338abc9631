/* modules/neardup/grams.c - see grams.h */
#include "neardup/grams.h"

#include <stdlib.h>
#include <xxhash.h>

#include "text/fold.h"

#define WIDE (UINT64_C(1) << 63)

void grams_begin(Grams *g, unsigned shingle, int flags) {
  g->len = 0;
  g->n = 0;
  g->ascii = 1;
  g->joined = 0;
  g->shingle = shingle;
  g->unit = GRAM_CHARS;
  g->mask = NULL;
  g->masked = 0;
  g->flags = flags;
}

static int reserve_text(Grams *g, size_t room) {
  if (room <= g->cap) return 0;
  size_t cap = room + room / 2;
  char *text = realloc(g->text, cap);
  if (text == NULL) return -1;
  g->text = text;
  g->cap = cap;
  return 0;
}

int grams_field(Grams *g, Span raw) {
  if (reserve_text(g, g->len + 1 + fold_room(raw.len) + GRAMS_PAD) != 0) return -1;
  if (g->joined) g->text[g->len++] = '\x1f';
  g->joined = 1;
  if (raw.len > 0) g->len += fold_text(g->text + g->len, raw, g->flags, &g->ascii);
  return 0;
}

/* Code points of the text into out, if that is not NULL, and how many there are; a byte that is no
** UTF-8 counts as one, above all others. */
static size_t decode_text(const Grams *g, uint32_t *out) {
  const unsigned char *s = (const unsigned char *)g->text;
  size_t n = 0;
  for (size_t i = 0; i < g->len; n++) {
    unsigned c = s[i];
    size_t more = c < 0x80 ? 0 : c < 0xC2 ? 9 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 9;
    uint32_t cp = more == 0 ? c : c & (0x3Fu >> more);
    if (more >= g->len - i) more = 9;
    for (size_t k = 1; more < 9 && k <= more; k++) {
      if ((s[i + k] & 0xC0) != 0x80) more = 9;
      else cp = cp << 6 | (s[i + k] & 0x3F);
    }
    if (more == 9) {
      cp = 0x200000u + c;
      more = 0;
    }
    if (out != NULL) out[n] = cp;
    i += 1 + more;
  }
  return n;
}

static inline uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= UINT64_C(0xD6E8FEB86659FD93);
  h ^= h >> 32;
  h *= UINT64_C(0xD6E8FEB86659FD93);
  return h ^ h >> 32;
}

/* Tokens of n code points by a rolling polynomial, and by packing where all are ASCII. */
static void wide_tokens(Grams *g, size_t ncp) {
  const uint64_t base = UINT64_C(0x9E3779B97F4A7C15);
  const size_t n = g->shingle;
  uint64_t hash = 0, packed = 0, first = 1;
  size_t ascii = 0;   /* length of the run of ASCII that ends here */
  for (size_t i = 1; i < n; i++) first *= base;
  for (size_t i = 0; i < ncp; i++) {
    uint32_t cp = g->cp[i];
    if (i >= n) hash -= (g->cp[i - n] + 1) * first;
    hash = hash * base + cp + 1;
    ascii = cp < 0x80 ? ascii + 1 : 0;
    if (n <= GRAMS_NARROW_SHINGLE) packed = packed >> 8 | (uint64_t)(cp & 0xFF) << 8 * (n - 1);
    if (i + 1 >= n)
      g->token[i + 1 - n] = n <= GRAMS_NARROW_SHINGLE && ascii >= n ? packed : mix(hash) | WIDE;
  }
}

int grams_reserve(Grams *g, size_t n) {
  if (n <= g->wide_cap) return 0;
  size_t cap = n + n / 8;
  uint32_t *cp = realloc(g->cp, cap * sizeof *cp);
  if (cp != NULL) g->cp = cp;
  uint64_t *token = realloc(g->token, cap * sizeof *token);
  if (token != NULL) g->token = token;
  if (cp == NULL || token == NULL) return -1;
  g->wide_cap = cap;
  return 0;
}

static int cut_wide(Grams *g) {
  size_t most = g->len <= g->wide_cap ? g->len : decode_text(g, NULL);
  if (grams_reserve(g, most) != 0) return -1;
  size_t ncp = decode_text(g, g->cp);
  if (ncp < g->shingle) {
    g->kind = GRAMS_WHOLE;
    g->n = 1;
    return 0;
  }
  g->kind = GRAMS_WIDE;
  g->units = ncp;
  g->n = ncp - g->shingle + 1;
  wide_tokens(g, ncp);
  return 0;
}

static int cut(Grams *g) {
  if (g->unit == GRAM_WORDS) return grams_cut_words(g);
  if (g->len < g->shingle) {
    g->kind = GRAMS_WHOLE;
    g->n = 1;
    return 0;
  }
  if (!g->ascii || g->shingle > GRAMS_NARROW_SHINGLE) return cut_wide(g);
  g->kind = GRAMS_NARROW;
  g->n = g->len - g->shingle + 1;
  return 0;
}

int grams_end(Grams *g) {
  if (reserve_text(g, g->len + GRAMS_PAD) != 0) return -1;
  memset(g->text + g->len, 0, GRAMS_PAD);
  int r = cut(g);
  return r == 0 && g->mask != NULL ? grams_mask(g->mask, g) : r;
}

int grams_of(Grams *g, Span raw, unsigned shingle, int flags) {
  grams_begin(g, shingle, flags);
  return grams_field(g, raw) != 0 ? -1 : grams_end(g);
}

size_t grams_length(const Grams *g) {
  if (g->ascii) return g->len;
  if (g->kind == GRAMS_WIDE && g->unit == GRAM_CHARS) return g->units;
  size_t n = 0;
  for (size_t i = 0; i < g->len; i++) n += (g->text[i] & 0xC0) != 0x80;
  return n;
}

void grams_free(Grams *g) {
  free(g->text);
  free(g->token);
  free(g->cp);
  free(g->start);
  free(g->end);
  free(g->place);
  *g = (Grams){ 0 };
}

uint64_t gram_whole(const Grams *g) { return XXH3_64bits(g->text, g->len) | WIDE; }

static void hash_portable(const Grams *g, size_t from, size_t count, uint32_t *out) {
  if (g->kind == GRAMS_NARROW)
    for (size_t i = 0; i < count; i++) out[i] = gram_hash(gram_narrow(g, from + i));
  else if (g->kind == GRAMS_WIDE)
    for (size_t i = 0; i < count; i++) out[i] = gram_hash(g->token[from + i]);
  else
    for (size_t i = 0; i < count; i++) out[i] = gram_hash(gram_token(g, from + i));
}

#ifdef SIMD_X86
#include <immintrin.h>

#define AVX512 __attribute__((target(SIMD_TARGET_AVX512)))

/* Eight shingles at a time: 16 bytes are shuffled into eight windows of four bytes (low halves of
** the tokens) and eight of the bytes behind those (high halves, cut to n). */
__attribute__((target("avx2"))) static void hash_avx2(const Grams *g, size_t from, size_t count,
                                                      uint32_t *out) {
  char low_index[32], high_index[32];
  for (unsigned lane = 0; lane < 8; lane++)
    for (unsigned b = 0; b < 4; b++) {
      low_index[4 * lane + b] = (char)(b < g->shingle ? lane + b : 0x80);
      high_index[4 * lane + b] = (char)(b + 4 < g->shingle ? lane + b + 4 : 0x80);
    }
  const __m256i low = _mm256_loadu_si256((const __m256i *)low_index);
  const __m256i high = _mm256_loadu_si256((const __m256i *)high_index);
  const __m256i m1 = _mm256_set1_epi32((int)0x9E3779B1u), m2 = _mm256_set1_epi32((int)0x85EBCA77u);
  const __m256i m3 = _mm256_set1_epi32((int)0x7FEB352Du), m4 = _mm256_set1_epi32((int)0x846CA68Bu);
  const char *s = g->text + from;
  for (size_t i = 0; i < count; i += 8) {
    __m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(s + i)));
    __m256i h = _mm256_xor_si256(_mm256_mullo_epi32(_mm256_shuffle_epi8(v, low), m1),
                                 _mm256_mullo_epi32(_mm256_shuffle_epi8(v, high), m2));
    h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 16)), m3);
    h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 15)), m4);
    _mm256_storeu_si256((__m256i *)(out + i), _mm256_xor_si256(h, _mm256_srli_epi32(h, 16)));
  }
}

/* Sixteen at a time: four windows of four shingles each, cut from 32 bytes. */
AVX512 static void hash_avx512(const Grams *g, size_t from, size_t count, uint32_t *out) {
  static const int dwords[16] = { 0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6 };
  char low_index[16], high_index[16];
  for (unsigned lane = 0; lane < 4; lane++)
    for (unsigned b = 0; b < 4; b++) {
      low_index[4 * lane + b] = (char)(b < g->shingle ? lane + b : 0x80);
      high_index[4 * lane + b] = (char)(b + 4 < g->shingle ? lane + b + 4 : 0x80);
    }
  const __m512i windows = _mm512_loadu_si512(dwords);
  const __m512i low = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)low_index));
  const __m512i high = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)high_index));
  const __m512i m1 = _mm512_set1_epi32((int)0x9E3779B1u), m2 = _mm512_set1_epi32((int)0x85EBCA77u);
  const __m512i m3 = _mm512_set1_epi32((int)0x7FEB352Du), m4 = _mm512_set1_epi32((int)0x846CA68Bu);
  const char *s = g->text + from;
  for (size_t i = 0; i < count; i += 16) {
    __m512i v = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(s + i)));
    v = _mm512_permutexvar_epi32(windows, v);
    __m512i h = _mm512_xor_si512(_mm512_mullo_epi32(_mm512_shuffle_epi8(v, low), m1),
                                 _mm512_mullo_epi32(_mm512_shuffle_epi8(v, high), m2));
    h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), m3);
    h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 15)), m4);
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
    if (count - i >= 16) _mm512_storeu_si512(out + i, h);
    else _mm512_mask_storeu_epi32(out + i, (__mmask16)((1u << (count - i)) - 1), h);
  }
}
#endif

#ifdef SIMD_ARM
#include <arm_neon.h>

/* Four shingles at a time: windows of 16 bytes, as for AVX2. */
static void hash_neon(const Grams *g, size_t from, size_t count, uint32_t *out) {
  uint8_t low_index[16], high_index[16];
  for (unsigned lane = 0; lane < 4; lane++)
    for (unsigned b = 0; b < 4; b++) {
      low_index[4 * lane + b] = (uint8_t)(b < g->shingle ? lane + b : 0xFF);
      high_index[4 * lane + b] = (uint8_t)(b + 4 < g->shingle ? lane + b + 4 : 0xFF);
    }
  const uint8x16_t low = vld1q_u8(low_index), high = vld1q_u8(high_index);
  const char *s = g->text + from;
  for (size_t i = 0; i < count; i += 4) {
    uint8x16_t v = vld1q_u8((const uint8_t *)(s + i));
    uint32x4_t h = veorq_u32(vmulq_n_u32(vreinterpretq_u32_u8(vqtbl1q_u8(v, low)), 0x9E3779B1u),
                             vmulq_n_u32(vreinterpretq_u32_u8(vqtbl1q_u8(v, high)), 0x85EBCA77u));
    h = vmulq_n_u32(veorq_u32(h, vshrq_n_u32(h, 16)), 0x7FEB352Du);
    h = vmulq_n_u32(veorq_u32(h, vshrq_n_u32(h, 15)), 0x846CA68Bu);
    vst1q_u32(out + i, veorq_u32(h, vshrq_n_u32(h, 16)));
  }
}
#endif

void grams_hash(SimdPath path, const Grams *g, size_t from, size_t count, uint32_t *out) {
#ifdef SIMD_X86
  if (simd_avx2(path) && g->kind == GRAMS_NARROW) {
    (path == SIMD_AVX512 ? hash_avx512 : hash_avx2)(g, from, count, out);
    return;
  }
#endif
#ifdef SIMD_ARM
  if (path == SIMD_NEON && g->kind == GRAMS_NARROW) {
    hash_neon(g, from, count, out);
    return;
  }
#endif
  (void)path;
  hash_portable(g, from, count, out);
}
