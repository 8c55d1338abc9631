/* modules/corpus/json_scan.h - how json.c and json_walk.c run over the plain bytes of a string,
** sixteen at a time. Private to the two. */
#ifndef TAMIS_JSON_SCAN_H
#define TAMIS_JSON_SCAN_H

#include "corpus/json.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

/* A byte that ends a plain run: a quote, a backslash or a control character. */
static inline int json_is_special(unsigned char c) { return c == '"' || c == '\\' || c < 0x20; }

/* The last place from which sixteen bytes may be read, `pad` bytes past end included. */
static inline const char *json_scan_limit(const char *begin, const char *end, size_t pad) {
  return (size_t)(end - begin) + pad < 16 ? NULL : end + pad - 16;
}

#if defined(__SSE2__)
enum { JSON_SCAN_BITS = 1 };   /* bits a byte in a mask */

/* Bit i: byte i of the sixteen is special; *high bit i: byte i is 0x80 or above. */
static inline uint64_t json_scan16(const char *p, uint64_t *high) {
  __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
  __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
  *high = (unsigned)_mm_movemask_epi8(x);
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}
#elif defined(__ARM_NEON) && defined(__aarch64__)
enum { JSON_SCAN_BITS = 4 };

static inline uint64_t json_nibbles(uint8x16_t m) {
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(m), 4)), 0);
}
static inline uint64_t json_scan16(const char *p, uint64_t *high) {
  uint8x16_t x = vld1q_u8((const uint8_t *)p);
  uint8x16_t special = vorrq_u8(vorrq_u8(vceqq_u8(x, vdupq_n_u8('"')), vceqq_u8(x, vdupq_n_u8('\\'))),
                                vcltq_u8(x, vdupq_n_u8(0x20)));
  *high = json_nibbles(vcgeq_u8(x, vdupq_n_u8(0x80)));
  return json_nibbles(special);
}
#endif

/* The first special byte at or after p; end, or some place past it, if there is none before end.
** *high becomes non-zero if a byte before that one is 0x80 or above. */
static inline const char *json_plain_run(const char *p, const char *end, const char *limit, uint64_t *high) {
#ifdef __SSE2__
#define JSON_HAVE_SCAN16
#elif defined(__ARM_NEON) && defined(__aarch64__)
#define JSON_HAVE_SCAN16
#endif
#ifdef JSON_HAVE_SCAN16
  while (p < end && p <= limit) {
    uint64_t h, special = json_scan16(p, &h);
    if (special != 0) {
      unsigned bit = (unsigned)__builtin_ctzll(special);
      *high |= h & ((1ull << bit) - 1);
      return p + bit / JSON_SCAN_BITS;
    }
    *high |= h;
    p += 16;
  }
#else
  (void)limit;
#endif
  for (; p < end && !json_is_special((unsigned char)*p); p++) *high |= (unsigned char)*p & 0x80u;
  return p;
}

/* The value of four hex digits, or a negative number. */
static inline int json_hex4(const char *p) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    unsigned char c = (unsigned char)p[i];
    int d = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
    if (d < 0) return -1;
    v = v << 4 | d;
  }
  return v;
}

static inline int json_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

#endif
